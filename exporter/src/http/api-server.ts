/** The API server: checks who asks and what comes in, then hands over to the table of routes. */
import express, { type Express, type Request, type Response } from 'express';
import helmet from 'helmet';
import type { z } from 'zod';
import { HashfleetError } from '../errors.ts';
import type { Logger } from '../log.ts';
import { authenticator, requireScope, type ApiToken } from './auth.ts';
import { refuseForeignPages } from './browsers.ts';
import { openEventStream } from './event-stream.ts';
import { openapiDocument } from './openapi.ts';
import { problemHandler } from './problem.ts';
import type { Limits } from './rate-limit.ts';
import { routes, type ApiContext } from './routes.ts';

const largestBody = '256kb';

export interface ApiServerOptions {
  readonly context: ApiContext;
  readonly tokens: readonly ApiToken[];
  /** Public names under which it is reached. */
  readonly hosts: readonly string[];
  readonly limits: Limits;
  readonly log: Logger;
}

export function apiApp({ context, tokens, hosts, limits, log }: ApiServerOptions): Express {
  const app = express();
  const authenticate = authenticator(tokens);
  // Made when somebody asks: it is dear, and each reload makes a new server.
  let document: ReturnType<typeof openapiDocument> | undefined;
  app.disable('etag');
  app.disable('x-powered-by');
  // Nothing that is sent is a page: nothing of it may be run, framed or kept.
  app.use(helmet({ contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } }, xFrameOptions: { action: 'deny' } }));
  app.use((request, response, next) => {
    response.setHeader('cache-control', 'no-store');
    limited(limits.requests.take(request.socket.remoteAddress ?? ''), response, 'Too many requests from this address.');
    next();
  });
  app.use(refuseForeignPages(hosts));
  // Who has guessed too often is not even compared.
  const identify = (request: Request, response: Response) => {
    const peer = request.socket.remoteAddress ?? '';
    limited(limits.logins.wait(peer), response, 'Too many refused tokens from this address.');
    try {
      return authenticate(request);
    } catch (thrown) {
      limits.logins.take(peer);
      throw thrown;
    }
  };
  app.get('/api/v1/openapi.json', (_request, response) => void response.json(document ??= openapiDocument(context.version)));

  // A browser sends no JSON to another origin without asking first, and we never answer that question: no CORS.
  const readJson = express.json({ limit: largestBody, strict: true });
  for (const route of routes) {
    app[route.method](`/api/v1${route.path.replace(/\{(\w+)\}/g, ':$1')}`, (request, response, next) => {
      requireScope(identify(request, response), route.scope);
      // False: there is a body, and it is of another type. A form is what a page of another site can send without asking.
      if (route.method !== 'get' && request.is('application/json') === false) throw new HashfleetError('media_type', 'Send the request as "content-type: application/json".', { field: 'content-type', given: request.headers['content-type'], allowed: 'application/json' });
      next();
    }, readJson, async (request, response) => {
      const { status, body, type, stream } = await route.handle(context, {
        identity: authenticate(request),
        parameters: parametersOf(request),
        query: route.query === undefined ? {} : checked(route.query, request.query, 'query'),
        body: route.request === undefined ? undefined : checked(route.request, request.body as unknown, 'body'),
        accept: request.headers.accept ?? '',
      });
      if (stream !== undefined) stream(openEventStream(response, String(request.headers['last-event-id'] ?? '')));
      else if (type === undefined) response.status(status).json(body);
      else response.status(status).set('content-type', type).end(body);
    });
  }
  const known = routes.map(({ method, path }) => ({ method: method.toUpperCase(), pattern: new RegExp(`^/api/v1${path.replace(/\{\w+\}/g, '[^/]+')}$`) }));
  app.use((request, response) => {
    const methods = known.filter(({ pattern }) => pattern.test(request.path)).map(({ method }) => method);
    if (methods.length === 0) throw new HashfleetError('not_found', `There is no ${request.path}. GET /api/v1/openapi.json describes what there is.`);
    response.setHeader('allow', methods.join(', '));
    throw new HashfleetError('method_not_allowed', `${request.path} does not know ${request.method}.`, { allowed: methods.join(', ') });
  });
  app.use(problemHandler(log));
  return app;
}

/** @throws HashfleetError rate_limited */
function limited(seconds: number, response: Response, why: string): void {
  if (seconds === 0) return;
  response.setHeader('retry-after', String(seconds));
  throw new HashfleetError('rate_limited', `${why} Wait ${seconds} s.`);
}

function parametersOf(request: Request): Record<string, string> {
  return Object.fromEntries(Object.entries(request.params).map(([name, value]) => [name, String(value)]));
}

/** @throws HashfleetError payload_invalid naming the field, what was given and what is allowed. */
function checked<T extends z.ZodType>(schema: T, value: unknown, where: string): z.output<T> & Record<string, unknown> {
  const result = schema.safeParse(value, { reportInput: true });
  if (result.success) return result.data as z.output<T> & Record<string, unknown>;
  const [issue] = result.error.issues;
  const keys = issue?.code === 'unrecognized_keys' ? issue.keys.join(', ') : '';
  const field = [...(issue?.path.map(String) ?? []), ...(keys === '' ? [] : [keys])].join('.') || where;
  throw new HashfleetError('payload_invalid', `${field}: ${issue?.message ?? 'not valid'}.`, {
    field, given: issue?.input, ...(issue?.code === 'invalid_value' ? { allowed: issue.values.map(String).join(', ') } : {}),
  });
}
