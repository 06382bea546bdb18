import { useQueryClient } from '@tanstack/react-query';
import { useCallback, useRef, useState } from 'react';
import { controlClient } from '../api/controlClient';
import { toApiError, type ApiError } from '../api/errors';
import type { ActionName, ActionParameters, ActionReply, Confirmation, Job, Plan } from '../api/types';
import { newIdempotencyKey } from './idempotencyKey';
import { queryKeys } from './queries';

export interface ActionWish {
  action: ActionName;
  miners: string[];
  parameters?: ActionParameters;
}

/** How the wish is sent: as an action, unless something else stands for it, as advice does. */
export type Send = (wish: ActionWish, confirmation: Confirmation) => Promise<ActionReply>;

const asAction: Send = (wish, confirmation) => controlClient.act({ ...wish, ...confirmation });

export type ConfirmedActionState =
  | { step: 'idle' }
  | { step: 'planning' }
  | { step: 'planned'; plan: Plan; failure?: ApiError }
  | { step: 'starting'; plan: Plan }
  | { step: 'waiting'; reason: string }
  | { step: 'failed'; failure: ApiError };

/**
 * Dry run first; what the server plans is what gets confirmed. The key is made once per plan, so that a double click
 * or a repeated POST starts one job.
 */
export function useConfirmedAction(send: Send = asAction) {
  const client = useQueryClient();
  const [state, setState] = useState<ConfirmedActionState>({ step: 'idle' });
  const planned = useRef<{ wish: ActionWish; key: string }>(undefined);
  const run = useRef(0);

  const plan = useCallback(async (wish: ActionWish): Promise<Plan | undefined> => {
    const mine = ++run.current;
    planned.current = { wish, key: newIdempotencyKey() };
    setState({ step: 'planning' });
    try {
      const reply = await send(wish, { dryRun: true });
      if (mine === run.current) {
        setState({ step: 'planned', plan: reply.plan });
      }
      return reply.plan;
    } catch (cause) {
      if (mine === run.current) {
        setState({ step: 'failed', failure: toApiError(cause) });
      }
      return undefined;
    }
  }, [send]);

  const confirm = useCallback(
    async (agreed: Plan, typed?: string): Promise<Job | undefined> => {
      if (!planned.current) {
        return undefined;
      }
      const { wish, key } = planned.current;
      setState({ step: 'starting', plan: agreed });
      try {
        const reply = await send(wish, {
          dryRun: false,
          ...(agreed.confirmation.token === undefined ? {} : { confirmationToken: agreed.confirmation.token }),
          ...(agreed.stepUp === undefined || typed === undefined ? {} : { typed }),
          idempotencyKey: key,
        });
        setState(reply.approval === undefined ? { step: 'idle' } : { step: 'waiting', reason: reply.approval.reason });
        if (reply.job) {
          client.setQueryData(queryKeys.job(reply.job.id), reply.job);
        }
        void client.invalidateQueries({ queryKey: queryKeys.jobs });
        void client.invalidateQueries({ queryKey: queryKeys.rigs });
        void client.invalidateQueries({ queryKey: queryKeys.advice });
        return reply.job;
      } catch (cause) {
        setState({ step: 'planned', plan: agreed, failure: toApiError(cause) });
        return undefined;
      }
    },
    [client, send]
  );

  const reset = useCallback(() => {
    run.current++;
    planned.current = undefined;
    setState({ step: 'idle' });
  }, []);

  return { state, plan, confirm, reset };
}
