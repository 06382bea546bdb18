import { QueryClient } from '@tanstack/react-query';
import { ApiError } from '../api/errors';

/** A second try helps against a hiccup only; a refusal stays a refusal. */
const retry = (failures: number, cause: Error): boolean =>
  failures < 1 && cause instanceof ApiError && (cause.kind === 'unexpected' || cause.kind === 'timeout');

export const createQueryClient = (): QueryClient =>
  new QueryClient({
    defaultOptions: {
      queries: { retry, refetchOnWindowFocus: true, staleTime: 2000 },
      mutations: { retry: false },
    },
  });
