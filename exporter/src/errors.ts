/**
 * The one catalogue of errors that reach a person: a stable code, the HTTP status that goes with it,
 * and what to do next. Messages name the place, the value given and what is allowed.
 */
export const errorCatalogue = {
  config_invalid: { status: 400, title: 'The configuration is not valid' },
  secret_missing: { status: 400, title: 'A secret cannot be read' },
  unauthenticated: { status: 401, title: 'A bearer token is needed' },
  forbidden: { status: 403, title: 'The token may not do this' },
  control_disabled: { status: 403, title: 'Control is switched off' },
  not_allowed: { status: 403, title: 'It is not on the allow-list' },
  not_found: { status: 404, title: 'Not found' },
  method_not_allowed: { status: 405, title: 'The path does not know this method' },
  confirmation_needed: { status: 409, title: 'The plan must be confirmed' },
  step_up_needed: { status: 409, title: 'It must be typed by hand' },
  approval_needed: { status: 409, title: 'A second person must approve it' },
  confirmation_invalid: { status: 409, title: 'The confirmation does not fit the plan' },
  conflict: { status: 409, title: 'It does not go together with what there is' },
  busy: { status: 409, title: 'Another job is acting on the miner' },
  not_now: { status: 409, title: 'Not at this time' },
  nothing_to_do: { status: 409, title: 'The plan has no target' },
  payload_invalid: { status: 422, title: 'The request is not valid' },
  media_type: { status: 415, title: 'Send JSON' },
  misdirected: { status: 421, title: 'The host name is not one of ours' },
  payload_too_large: { status: 413, title: 'The request is too large' },
  rate_limited: { status: 429, title: 'Too many requests' },
  miner_unreachable: { status: 502, title: 'The miner did not answer' },
  too_little_data: { status: 409, title: 'There is too little to learn from' },
  prometheus_unreachable: { status: 502, title: 'Prometheus did not answer' },
  internal: { status: 500, title: 'Something went wrong in the exporter' },
} as const;

export type ErrorCode = keyof typeof errorCatalogue;

export interface ErrorDetails {
  readonly field?: string;
  readonly given?: unknown;
  readonly allowed?: string;
  readonly cause?: unknown;
}

/** An error with a code of the catalogue; its message is a full sentence for the person who meets it. */
export class HashfleetError extends Error {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'HashfleetError';
    this.code = code;
    this.details = details;
  }

  get status(): number {
    return errorCatalogue[this.code].status;
  }
}

/** The text of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** The `code` of a system or library error, if it has one. */
export function codeOf(thrown: unknown): string | undefined {
  if (typeof thrown !== 'object' || thrown === null || !('code' in thrown)) return undefined;
  return typeof thrown.code === 'string' ? thrown.code : undefined;
}
