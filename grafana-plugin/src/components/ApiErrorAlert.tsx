import { t } from '@grafana/i18n';
import { Alert, LinkButton, Stack } from '@grafana/ui';
import React from 'react';
import { ApiError, toApiError } from '../api/errors';
import { configurationUrl } from '../constants';
import { readPermissions } from '../permissions';

const mendedInConfiguration: ReadonlyArray<ApiError['kind']> = ['unreachable', 'not-configured', 'token-refused'];

/** An error that stays on the page, with what to do about it and, for an administrator, the way there. */
export function ApiErrorAlert({ failure, severity = 'error' }: { failure: unknown; severity?: 'error' | 'warning' }) {
  const error = toApiError(failure);
  const showConfiguration = mendedInConfiguration.includes(error.kind) && readPermissions().canConfigure;
  return (
    <Alert severity={severity} title={error.title}>
      <Stack direction="column" gap={1} alignItems="flex-start">
        <span>{error.advice}</span>
        {showConfiguration && (
          <LinkButton href={configurationUrl()} variant="secondary" size="sm" icon="cog">
            {t('errors.open-configuration', 'Open configuration')}
          </LinkButton>
        )}
      </Stack>
    </Alert>
  );
}
