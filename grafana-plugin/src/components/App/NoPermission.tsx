import { t } from '@grafana/i18n';
import { PluginPage } from '@grafana/runtime';
import { EmptyState } from '@grafana/ui';
import React from 'react';

export function NoPermission() {
  return (
    <PluginPage>
      <EmptyState variant="not-found" hideImage message={t('no-permission.title', 'You may not see the miners')}>
        {t('no-permission.advice', 'Ask an administrator for the role of a miner reader.')}
      </EmptyState>
    </PluginPage>
  );
}
