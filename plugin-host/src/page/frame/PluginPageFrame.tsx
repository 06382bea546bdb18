import { css } from '@emotion/css';
import { type GrafanaTheme2, PageLayoutType } from '@grafana/data';
import { type PluginPageProps } from '@grafana/runtime';
import { useStyles2 } from '@grafana/ui';
import { useEffect } from 'react';
import { useLocation } from 'react-router-dom-v5-compat';

/** Title, breadcrumbs, actions and content of a page, where Grafana's own Page component would stand. */
export function PluginPageFrame({ children, pageNav, subTitle, actions, info, renderTitle, layout }: PluginPageProps) {
  const styles = useStyles2(getStyles);
  const { pathname } = useLocation();
  const { plugin, pages } = window.grafanaBootData.host;
  const include = pages.find((page) => page.path === pathname) ?? pages.find((page) => page.isDefault && pathname === `/a/${plugin.id}`);
  const title = pageNav?.text ?? include?.name ?? plugin.name;
  const parent = pageNav?.parentItem;
  useEffect(() => {
    document.title = `${title} - ${plugin.name} - Plugin host`;
  }, [title, plugin.name]);
  if (layout === PageLayoutType.Custom) {
    return <div className={styles.page}>{children}</div>;
  }
  return (
    <div className={styles.page}>
      <nav aria-label="Breadcrumbs" className={styles.crumbs}>
        <a href="/">Home</a> / <a href={`/a/${plugin.id}`}>{plugin.name}</a>
        {parent && <> / <a href={parent.url ?? '#'}>{parent.text}</a></>} / <span aria-current="page">{title}</span>
      </nav>
      <div className={styles.heading}>
        {renderTitle ? renderTitle(title) : <h1 className={styles.title}>{title}</h1>}
        <div className={styles.actions}>
          {info?.map((item) => (
            <div key={item.label}><span className={styles.label}>{item.label}</span> {item.value}</div>
          ))}
          {actions}
        </div>
      </div>
      {subTitle && <div className={styles.subTitle}>{subTitle}</div>}
      {children}
    </div>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  page: css({ padding: theme.spacing(2, 3), display: 'flex', flexDirection: 'column', flex: 1, minHeight: 0 }),
  crumbs: css({ ...theme.typography.bodySmall, color: theme.colors.text.secondary, marginBottom: theme.spacing(1), a: { textDecoration: 'underline' } }),
  heading: css({ display: 'flex', flexWrap: 'wrap', justifyContent: 'space-between', alignItems: 'center', gap: theme.spacing(2), marginBottom: theme.spacing(1) }),
  title: css({ ...theme.typography.h2, margin: 0 }),
  actions: css({ display: 'flex', gap: theme.spacing(1), alignItems: 'center' }),
  label: css({ color: theme.colors.text.secondary }),
  subTitle: css({ color: theme.colors.text.secondary, marginBottom: theme.spacing(2) }),
});
