import { t } from '@grafana/i18n';
import type { Problem } from './types';

export type ApiErrorKind =
  | 'unreachable'
  | 'timeout'
  | 'not-configured'
  | 'forbidden'
  | 'token-refused'
  | 'not-found'
  | 'rejected'
  | 'unexpected';

/** A failed call, worded for the person in front of the page: what happened, and what to do. */
export class ApiError extends Error {
  constructor(
    readonly kind: ApiErrorKind,
    readonly title: string,
    readonly advice: string,
    readonly status?: number,
    readonly problem?: Problem
  ) {
    super(`${title}. ${advice}`);
    this.name = 'ApiError';
  }
}

interface FailedFetch {
  status?: number;
  data?: unknown;
  message?: string;
}

const isProblem = (data: unknown): data is Problem =>
  typeof data === 'object' && data !== null && typeof (data as Problem).code === 'string' && typeof (data as Problem).detail === 'string';

/**
 * Grafana's proxy answers 502 with an empty body when the exporter cannot be reached, 504 when it is too slow, 500 when
 * the app was never saved, and 403 by itself when the user lacks the permission; everything else is the exporter's.
 */
export function toApiError(cause: unknown): ApiError {
  if (cause instanceof ApiError) {
    return cause;
  }
  const { status, data, message } = (cause ?? {}) as FailedFetch;
  const problem = isProblem(data) ? data : undefined;
  if (problem) {
    return ofProblem(problem, status);
  }
  switch (status) {
    case 502:
      return new ApiError(
        'unreachable',
        t('errors.unreachable.title', 'The exporter cannot be reached'),
        t('errors.unreachable.advice', 'Check that the exporter runs and that the API URL in the configuration of this app is right, as seen from the Grafana server.'),
        status
      );
    case 504:
      return new ApiError(
        'timeout',
        t('errors.timeout.title', 'The exporter did not answer in time'),
        t('errors.timeout.advice', 'It may be overloaded. Look at its log and try again.'),
        status
      );
    case 500:
      return new ApiError(
        'not-configured',
        t('errors.not-configured.title', 'The app is not configured'),
        t('errors.not-configured.advice', 'An administrator has to enter the API URL and the tokens in the configuration of this app.'),
        status
      );
    case 401:
      return tokenRefused(status);
    case 403:
      return new ApiError(
        'forbidden',
        t('errors.forbidden.title', 'You may not do this'),
        t('errors.forbidden.advice', 'Your Grafana role lacks the permission. Ask an administrator for the role of a miner operator.'),
        status
      );
    case 404:
      return new ApiError(
        'not-found',
        t('errors.not-found.title', 'Not found'),
        t('errors.not-found.advice', 'The miner or job is not known to the exporter, or the API URL does not lead to an exporter.'),
        status
      );
    default:
      return new ApiError(
        'unexpected',
        t('errors.unexpected.title', 'The request failed'),
        message || t('errors.unexpected.advice', 'Try again; if it keeps failing, look at the log of the exporter.'),
        status
      );
  }
}

const tokenRefused = (status: number | undefined, problem?: Problem): ApiError =>
  new ApiError(
    'token-refused',
    t('errors.token-refused.title', 'The exporter refused the token'),
    t('errors.token-refused.advice', 'An administrator has to enter a valid token in the configuration of this app.'),
    status,
    problem
  );

function ofProblem(problem: Problem, status = problem.status): ApiError {
  const kinds: Record<number, ApiErrorKind> = { 403: 'forbidden', 404: 'not-found' };
  if (status === 401) {
    return tokenRefused(status, problem);
  }
  const allowed = problem.allowed ? ` ${t('errors.allowed', 'Allowed: {{allowed}}.', { allowed: problem.allowed })}` : '';
  return new ApiError(kinds[status] ?? 'rejected', problem.title, `${problem.detail}${allowed}`, status, problem);
}
