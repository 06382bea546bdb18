import { css, cx } from '@emotion/css';
import { type GrafanaTheme2 } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import { type ReactNode } from 'react';
import { useLocation } from 'react-router-dom-v5-compat';

export const limits = 'Plugin host: not Grafana; core panels are stand-ins';

/** The frame says on every page what it is, and lets the user and the theme be changed. */
export function HostFrame({ children }: { children: ReactNode }) {
  const styles = useStyles2(getStyles);
  const { pathname } = useLocation();
  const { host, user } = window.grafanaBootData;
  const isHere = (path: string, isDefault = false) => pathname === path || (isDefault && pathname === `/a/${host.plugin.id}`);
  const choose = (name: 'as' | 'theme', value: string) => {
    const url = new URL(window.location.href);
    url.searchParams.set(name, value);
    window.location.assign(url);
  };
  return (
    <div className={styles.frame}>
      <header className={styles.bar}>
        <span className={styles.notice}>{limits}</span>
        <span className={styles.switches}>
          <label>
            User{' '}
            <select value={user.login} onChange={(event) => choose('as', event.target.value)} className={styles.select}>
              {host.users.map((one) => (
                <option key={one.login} value={one.login}>{`${one.login} (${one.orgRole})`}</option>
              ))}
            </select>
          </label>
          <label>
            Theme{' '}
            <select value={user.theme} onChange={(event) => choose('theme', event.target.value)} className={styles.select}>
              <option value="dark">Dark</option>
              <option value="light">Light</option>
            </select>
          </label>
        </span>
      </header>
      <div className={styles.body}>
        <nav aria-label="Main menu" className={styles.menu}>
          <a href="/" className={cx(styles.link, pathname === '/' && styles.here)}>Home</a>
          <p className={styles.group}>{host.plugin.name}</p>
          {host.pages.map((page) => (
            <a key={page.path} href={page.path} aria-current={isHere(page.path, page.isDefault) ? 'page' : undefined} className={cx(styles.link, isHere(page.path, page.isDefault) && styles.here)}>
              {page.name}
            </a>
          ))}
          {host.dashboards.length > 0 && <p className={styles.group}>Dashboards</p>}
          {host.dashboards.map((dashboard) => (
            <a key={dashboard.uid} href={`/d/${dashboard.uid}`} aria-current={isHere(`/d/${dashboard.uid}`) ? 'page' : undefined} className={cx(styles.link, isHere(`/d/${dashboard.uid}`) && styles.here)}>
              {dashboard.title}
            </a>
          ))}
        </nav>
        <main className={styles.content}>{children}</main>
      </div>
    </div>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  frame: css({ display: 'flex', flexDirection: 'column', minHeight: '100vh', background: theme.colors.background.canvas, color: theme.colors.text.primary }),
  bar: css({
    display: 'flex', flexWrap: 'wrap', justifyContent: 'space-between', alignItems: 'center', gap: theme.spacing(1), padding: theme.spacing(0.75, 2),
    background: theme.colors.background.primary, borderBottom: `1px solid ${theme.colors.border.weak}`, position: 'sticky', top: 0, zIndex: 1100,
  }),
  notice: css({ ...theme.typography.bodySmall, color: theme.colors.warning.text }),
  switches: css({ display: 'flex', gap: theme.spacing(2), ...theme.typography.bodySmall, label: { display: 'flex', alignItems: 'center', gap: theme.spacing(1), margin: 0 } }),
  select: css({
    background: theme.colors.background.primary, color: theme.colors.text.primary, border: `1px solid ${theme.colors.border.medium}`,
    borderRadius: theme.shape.radius.default, padding: theme.spacing(0, 0.5), height: 24, width: 'auto',
  }),
  body: css({ display: 'flex', flex: 1, minWidth: 0 }),
  menu: css({
    width: 190, flexShrink: 0, padding: theme.spacing(2, 1), background: theme.colors.background.primary, borderRight: `1px solid ${theme.colors.border.weak}`,
    // Grafana's menu is folded away there, too.
    [theme.breakpoints.down('md')]: { display: 'none' },
  }),
  group: css({ ...theme.typography.bodySmall, color: theme.colors.text.secondary, margin: theme.spacing(2, 1, 0.5) }),
  link: css({ display: 'block', padding: theme.spacing(0.75, 1), borderRadius: theme.shape.radius.default, color: theme.colors.text.primary, '&:hover': { background: theme.colors.action.hover } }),
  here: css({ background: theme.colors.action.selected, fontWeight: theme.typography.fontWeightMedium }),
  content: css({ flex: 1, minWidth: 0, display: 'flex', flexDirection: 'column' }),
});
