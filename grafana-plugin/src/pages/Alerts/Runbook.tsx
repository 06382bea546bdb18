import { css } from '@emotion/css';
import { type GrafanaTheme2 } from '@grafana/data';
import { t } from '@grafana/i18n';
import { Drawer, TextLink, useStyles2 } from '@grafana/ui';
import { useQuery } from '@tanstack/react-query';
import React from 'react';
import { Placeholder } from '../../components/Placeholder';
import { readRunbook } from './runbooks';

interface Props {
  alert: string;
  /** The alert's own link, where it leads to the web. */
  url?: string;
  onClose: () => void;
}

/** What to do about an alert, beside the alert. */
export function Runbook({ alert, url, onClose }: Props) {
  const styles = useStyles2(getStyles);
  const { data, isPending } = useQuery({ queryKey: ['runbook', alert], queryFn: () => readRunbook(alert).then((html) => html ?? null), staleTime: Infinity });
  return (
    <Drawer title={t('alerts.runbook-of', 'Runbook: {{alert}}', { alert })} onClose={onClose} size="md">
      {isPending && <Placeholder rows={8} label={t('alerts.runbook-loading', 'Fetching the runbook')} />}
      {data && <div className={styles.text} dangerouslySetInnerHTML={{ __html: data }} />}
      {data === null && <p>{t('alerts.runbook-none', 'There is no runbook for this alert here.')}</p>}
      {url && (
        <TextLink href={url} external>
          {t('alerts.runbook-web', 'The runbook that the alert names')}
        </TextLink>
      )}
    </Drawer>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  text: css({
    'h1': { display: 'none' },
    'h2': { ...theme.typography.h5, margin: theme.spacing(3, 0, 1) },
    'p, li': { maxWidth: '70ch' },
    'ol, ul': { paddingLeft: theme.spacing(3), marginBottom: theme.spacing(1) },
    'li': { marginBottom: theme.spacing(0.5) },
    'code': { overflowWrap: 'anywhere', whiteSpace: 'pre-wrap' },
  }),
});
