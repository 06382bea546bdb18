import { type BackendSrvRequest } from '@grafana/runtime';
import { of, throwError } from 'rxjs';

type Answer = { data?: unknown; status?: number };

/** Stands in for Grafana's backend: records what is asked and answers from a table of "VERB path". */
export function fakeBackend(answers: Record<string, Answer | ((request: BackendSrvRequest) => Answer)>) {
  const requests: BackendSrvRequest[] = [];
  const fetch = (request: BackendSrvRequest) => {
    requests.push(request);
    const answer = answers[`${request.method} ${request.url.replace(/^\/api\/plugin-proxy\/[^/]+\//, '')}`];
    if (!answer) {
      throw new Error(`No answer for ${request.method} ${request.url}`);
    }
    const { data, status = 200 } = typeof answer === 'function' ? answer(request) : answer;
    return status < 400 ? of({ data, status }) : throwError(() => ({ data, status }));
  };
  const bodies = (method: string): unknown[] => requests.filter((request) => request.method === method).map((request) => request.data);
  return { fetch, requests, bodies };
}
