/** OpenAPI 3.1 from the table of routes; its schemas are plain JSON Schema 2020-12, which zod writes itself. */
import { z } from 'zod';
import { errorCatalogue } from '../errors.ts';
import { routes, type Route } from './routes.ts';
import * as adviceSchemas from './advice-schemas.ts';
import * as learningSchemas from './learning-schemas.ts';
import * as scheduleSchemas from './schedule-schemas.ts';
import * as schemas from './schemas.ts';

type JsonObject = Record<string, unknown>;


export function openapiDocument(version: string): JsonObject {
  const registered = [...Object.values(schemas), ...Object.values(scheduleSchemas), ...Object.values(adviceSchemas), ...Object.values(learningSchemas)].filter((schema) => schema.meta()?.id !== undefined);
  const registry = z.registry<{ id: string }>();
  for (const schema of registered) registry.add(schema, { id: String(schema.meta()?.id) });
  const input = z.toJSONSchema(registry, { io: 'input', uri: (id) => `#/components/schemas/${id}` }).schemas;
  const output = z.toJSONSchema(registry, { io: 'output', uri: (id) => `#/components/schemas/${id}` }).schemas;
  const components = Object.fromEntries(Object.keys(output).map((id) => [id, withoutIdentity(id.endsWith('Request') || id === 'RigEntry' || id === 'ScheduleEntry' ? input[id] : output[id])]));
  const paths: Record<string, JsonObject> = {};
  for (const route of routes) paths[route.path] = { ...paths[route.path], [route.method]: operation(route) };
  return {
    openapi: '3.1.0',
    info: {
      title: 'Hashfleet API', version, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      description: 'Times are ISO 8601 in UTC, hashrates in H/s, power in W, ratios 0 to 1, money in USD. What is unknown is absent. Errors are RFC 9457 problem details.',
    },
    servers: [{ url: '/api/v1' }],
    security: [{ token: [] }],
    paths,
    components: { schemas: components, securitySchemes: { token: { type: 'http', scheme: 'bearer', description: 'A token of fleet.yaml, section api.tokens' } } },
  };
}

function withoutIdentity(schema: unknown): unknown {
  const { $schema: _schema, $id: _id, id: _name, ...rest } = schema as JsonObject;
  return rest;
}

function operation({ method, path, scope, summary, query, request, replies, alsoAnswers, answers }: Route): JsonObject {
  const pathParameters = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({ name, in: 'path', required: true, schema: { type: 'string' } }));
  const queryParameters = query === undefined ? [] : Object.entries(query.shape).map(([name, schema]) => ({ name, in: 'query', required: false, schema: withoutIdentity(z.toJSONSchema(schema as z.ZodType, { io: 'input' })) }));
  const reference = (schema: z.ZodType) => ({ $ref: `#/components/schemas/${String(schema.meta()?.id)}` });
  const failures = Object.entries(problemStatuses({ method, query })).map(([status, description]) => [status, { description, content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } } }]);
  return {
    operationId: `${method}${path.replace(/\W+(\w)?/g, (_whole, next: string | undefined) => (next ?? '').toUpperCase())}`,
    summary, description: `Needs a token of scope ${scope} or higher.`,
    parameters: [...pathParameters, ...queryParameters],
    ...(request === undefined ? {} : { requestBody: { required: true, content: { 'application/json': { schema: reference(request) } } } }),
    responses: {
      ...Object.fromEntries(Object.entries(replies).map(([status, schema]) => [status, { description: status === '202' ? 'Started' : 'Done', content: { 'application/json': { schema: reference(schema) }, ...(alsoAnswers === undefined ? {} : { [alsoAnswers.replace(/;.*/, '')]: { schema: { type: 'string' } } }) } }])),
      ...(answers === undefined ? {} : { 200: { description: 'Done', content: { [answers.replace(/;.*/, '')]: { schema: { type: 'string' } } } } }),
      ...Object.fromEntries(failures),
    },
  };
}

function problemStatuses({ method, query }: Pick<Route, 'method'> & { readonly query: Route['query'] | undefined }): Record<string, string> {
  const { unauthenticated, forbidden, not_found: notFound, confirmation_needed: conflict, payload_invalid: invalid, rate_limited: limited, media_type: media } = errorCatalogue;
  return {
    [unauthenticated.status]: unauthenticated.title, [forbidden.status]: forbidden.title, [notFound.status]: notFound.title, [limited.status]: limited.title,
    ...(query === undefined ? {} : { [invalid.status]: invalid.title }),
    ...(method !== 'get' ? { [conflict.status]: 'The plan needs a confirmation, or has no target; or the miner is defined elsewhere', [invalid.status]: invalid.title, [media.status]: media.title } : {}),
  };
}
