import { ApiError, toApiError } from './errors';

const problem = (status: number, more = {}) => ({
  status,
  data: { type: 'about:blank', title: 'Unknown miner', status, detail: 'There is no miner "x".', code: 'unknown_miner', ...more },
});

describe('an error is worded for the person in front of the page', () => {
  it.each([
    ['502 with an empty body means the exporter is not reachable', { status: 502, data: '' }, 'unreachable', /API URL/],
    ['500 means the app was never configured', { status: 500, data: { message: 'Failed to fetch plugin settings' } }, 'not-configured', /administrator/],
    ['403 of the proxy means the role lacks the permission', { status: 403, data: { message: 'plugin proxy route access denied' } }, 'forbidden', /role/],
    ['404 means an unknown miner or a wrong URL', { status: 404, data: { message: 'plugin route match not found' } }, 'not-found', /not known/],
    ['504 means too slow', { status: 504 }, 'timeout', /overloaded/],
    ['401 means the token is not accepted', { status: 401 }, 'token-refused', /valid token/],
    ['anything else keeps its message', { message: 'socket closed' }, 'unexpected', /socket closed/],
  ])('%s', (_, cause, kind, advice) => {
    const error = toApiError(cause);
    expect(error.kind).toBe(kind);
    expect(error.advice).toMatch(advice);
  });

  it('a problem of the exporter speaks for itself, with what is allowed', () => {
    const error = toApiError(problem(400, { field: 'parameters.preset', allowed: '3100, 3360' }));
    expect(error).toMatchObject({ kind: 'rejected', title: 'Unknown miner', status: 400 });
    expect(error.advice).toBe('There is no miner "x". Allowed: 3100, 3360.');
  });

  it('a refusal of the exporter is told apart from one of Grafana', () => {
    expect(toApiError(problem(403, { title: 'Control is off', detail: 'Switch it on.' })).advice).toBe('Switch it on.');
  });

  it('a 401 of the exporter points to the tokens, whatever it says', () => {
    expect(toApiError(problem(401)).kind).toBe('token-refused');
  });

  it('an error that is worded already stays as it is', () => {
    const error = new ApiError('timeout', 'Title', 'Advice');
    expect(toApiError(error)).toBe(error);
  });
});
