/** The API server: checks who asks and what comes in, then hands over to the table of routes. */
import express, { type Express, type Request } from 'express';
import { rateLimit } from 'express-rate-limit';
import helmet from 'helmet';
import type { z } from 'zod';
import { HashfleetError } from '../errors.ts';
import type { Logger } from '../log.ts';
import { authenticator, requireScope, type ApiToken } from './auth.ts';
import { openEventStream } from './event-stream.ts';
import { openapiDocument } from './openapi.ts';
import { problemHandler, problemOf } from './problem.ts';
import { routes, type ApiContext } from './routes.ts';

/** Requests a minute from one address, counted before authentication so that guessing tokens is slowed too. */
const requestsPerMinute = 1200;
const largestBody = '256kb';

export interface ApiServerOptions {
  readonly context: ApiContext;
  readonly tokens: readonly ApiToken[];
  readonly log: Logger;
}

export function apiApp({ context, tokens, log }: ApiServerOptions): Express {
  const app = express();
  const authenticate = authenticator(tokens);
  // Made when somebody asks: it is dear, and each reload makes a new server.
  let document: ReturnType<typeof openapiDocument> | undefined;
  app.disable('etag');
  app.disable('x-powered-by');
  app.use(helmet());
  app.use(rateLimit({
    windowMs: 60_000, limit: requestsPerMinute, standardHeaders: 'draft-8', legacyHeaders: false,
    handler: (_request, response) => void response.status(429).type('application/problem+json')
      .send(JSON.stringify(problemOf(new HashfleetError('rate_limited', `More than ${requestsPerMinute} requests in a minute from this address.`)))),
  }));
  app.get('/api/v1/openapi.json', (_request, response) => void response.json(document ??= openapiDocument(context.version)));

  // A browser sends no JSON to another origin without asking first, and we never answer that question: no CORS.
  const readJson = express.json({ limit: largestBody, strict: true });
  for (const route of routes) {
    app[route.method](`/api/v1${route.path.replace(/\{(\w+)\}/g, ':$1')}`, (request, _response, next) => {
      requireScope(authenticate(request), route.scope);
      if (route.request !== undefined && request.is('application/json') === false) throw new HashfleetError('payload_invalid', 'Send the request as "content-type: application/json".', { field: 'content-type' });
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
