/** RFC 9457 problem details: one shape for every error. */
import type { ErrorRequestHandler } from 'express';
import { errorCatalogue, HashfleetError, type ErrorCode } from '../errors.ts';
import type { Logger } from '../log.ts';

export function problemOf(error: HashfleetError): Record<string, unknown> {
  const { title, status } = errorCatalogue[error.code];
  const { field, given, allowed } = error.details;
  return {
    type: `urn:hashfleet:problem:${error.code}`, title, status, detail: error.message, code: error.code,
    ...(field === undefined ? {} : { field }), ...(given === undefined ? {} : { given }), ...(allowed === undefined ? {} : { allowed }),
  };
}

/** Express and body-parser errors that are the caller's doing, by their HTTP status. */
const codeByStatus: Readonly<Record<number, ErrorCode>> = { 400: 'payload_invalid', 404: 'not_found', 413: 'payload_too_large', 415: 'media_type' };

function fromThrown(thrown: unknown): HashfleetError | undefined {
  if (thrown instanceof HashfleetError) return thrown;
  if (typeof thrown !== 'object' || thrown === null || !('status' in thrown) || typeof thrown.status !== 'number') return undefined;
  const code = codeByStatus[thrown.status];
  return code === undefined ? undefined : new HashfleetError(code, `The request cannot be read: ${thrown instanceof Error ? thrown.message : 'unknown reason'}.`);
}

/** The last handler: known errors as they are, unknown ones logged and hidden. */
export function problemHandler(log: Logger): ErrorRequestHandler {
  // Express knows an error handler by its four parameters.
  // eslint-disable-next-line @typescript-eslint/max-params
  return (thrown, request, response, next) => {
    if (response.headersSent) {
      next(thrown);
      return;
    }
    const known = fromThrown(thrown);
    if (known === undefined) log.error({ err: thrown as unknown, method: request.method, path: request.path }, 'a request failed');
    const error = known ?? new HashfleetError('internal', 'An unexpected error; the exporter\'s log has the details.');
    // RFC 9110, 11.6.1: who is not let in is told how to ask.
    if (error.code === 'unauthenticated') response.setHeader('www-authenticate', 'Bearer');
    response.status(error.status).type('application/problem+json').send(JSON.stringify(problemOf(error)));
  };
}
