/** Asks the API of a running exporter, for commands. */
import { readFileSync } from 'node:fs';
import { Option, type Command } from 'commander';
import { createParser } from 'eventsource-parser';
import type { z } from 'zod';
import { HashfleetError, messageOf, type ErrorCode, errorCatalogue } from '../errors.ts';
import { Problem } from '../http/schemas.ts';

/** What every command that asks the API takes. */
export interface ApiFlags { readonly api: string; readonly tokenFile?: string }

/** The API token is read from a file or from here, for arguments are seen by everybody. */
export const tokenVariable = 'HASHFLEET_API_TOKEN';
const addressVariable = 'HASHFLEET_API';
const deadlineMs = 30_000;

export function withApi(command: Command, scope: string): Command {
  return command
    .addOption(new Option('--api <address>', 'API of the exporter').env(addressVariable).default('http://127.0.0.1:9789'))
    .option('--token-file <file>', `file with an API token of scope ${scope}; else the variable ${tokenVariable}`);
}

export interface Asked { readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE'; readonly json?: unknown }

export interface Api {
  /** @throws HashfleetError with what the exporter answered, or what to do when it does not. */
  ask<Schema extends z.ZodType>(path: string, schema: Schema, asked?: Asked): Promise<z.output<Schema>>;
  /** Server-sent events until the exporter ends them. @throws HashfleetError */
  events(path: string, onEvent: (event: string, data: unknown) => void): Promise<void>;
}

/** @throws HashfleetError payload_invalid for an address that is none, secret_missing without a token. */
export function apiOf({ api, tokenFile }: ApiFlags): Api {
  if (!URL.canParse(api) || !/^https?:$/.test(new URL(api).protocol)) throw new HashfleetError('payload_invalid', `--api: "${api}" is not an address; give for example http://127.0.0.1:9789.`);
  const root = `${api.replace(/\/+$/, '')}/api/v1`;
  const headers = { authorization: `Bearer ${readToken(tokenFile)}` };

  async function reach(path: string, { method = 'GET', json }: Asked, signal?: AbortSignal): Promise<Response> {
    try {
      return await fetch(`${root}${path}`, {
        method, headers: { ...headers, ...(json === undefined ? {} : { 'content-type': 'application/json' }) }, ...(json === undefined ? {} : { body: JSON.stringify(json) }), ...(signal === undefined ? {} : { signal }),
      });
    } catch (cause) {
      throw new HashfleetError('internal', `The exporter's API at ${api} does not answer: ${reasonOf(cause)}. Is it running, and is --api right?`, { cause });
    }
  }

  async function contentOf(response: Response): Promise<unknown> {
    const body: unknown = await response.json().catch(() => undefined);
    const problem = Problem.safeParse(body);
    if (!problem.success) return body;
    const { code, detail, field, allowed } = problem.data;
    const more = allowed === undefined || detail.includes(allowed) ? '' : ` Allowed: ${allowed}.`;
    throw new HashfleetError(Object.hasOwn(errorCatalogue, code) ? code as ErrorCode : 'internal', `The exporter refuses: ${detail}${more}`, { ...(field === undefined ? {} : { field }) });
  }

  return {
    async ask(path, schema, asked = {}) {
      const reply = schema.safeParse(await contentOf(await reach(path, asked, AbortSignal.timeout(deadlineMs))));
      if (!reply.success) throw new HashfleetError('internal', `What answers at ${api} is no exporter of this version.`);
      return reply.data;
    },
    async events(path, onEvent) {
      const response = await reach(path, {});
      if (!response.ok || response.body === null) {
        await contentOf(response);
        throw new HashfleetError('internal', `What answers at ${api} is no exporter of this version.`);
      }
      const parser = createParser({ onEvent: ({ event = 'message', data }) => onEvent(event, JSON.parse(data)) });
      try {
        for await (const text of response.body.pipeThrough(new TextDecoderStream())) parser.feed(text);
      } catch (cause) {
        throw new HashfleetError('internal', `The connection to ${api} broke off: ${reasonOf(cause)}. What was begun goes on; "hashfleet jobs" tells how far it is.`, { cause });
      }
    },
  };
}

/** undici says only "fetch failed"; its cause says why. */
function reasonOf(thrown: unknown): string {
  return thrown instanceof Error && thrown.cause instanceof Error && thrown.cause.message !== '' ? thrown.cause.message : messageOf(thrown);
}

function readToken(file: string | undefined): string {
  const token = file === undefined ? process.env[tokenVariable] : textOf(file);
  if (token === undefined || token === '') throw new HashfleetError('secret_missing', `An API token is needed: name its file with --token-file, or put it into ${tokenVariable}.`);
  return token;
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (cause) {
    throw new HashfleetError('secret_missing', `--token-file: ${file} cannot be read (${messageOf(cause)}).`, { cause });
  }
}
