import { AppEvents, type EventBus } from '@grafana/data';
import { type BackendSrvRequest, type FetchResponse } from '@grafana/runtime';
import { from, lastValueFrom, type Observable } from 'rxjs';

/** Grafana's BackendSrv over window.fetch, with its rules for toasts. */
export function createBackendSrv(events: EventBus) {
  const toast = (type: { name: string }, text: string): void => events.publish({ type: type.name, payload: [text] } as never);

  async function send(options: BackendSrvRequest): Promise<FetchResponse> {
    const method = options.method ?? 'GET';
    const url = new URL(options.url.startsWith('/') ? options.url : `/${options.url}`, window.location.origin);
    for (const [name, value] of Object.entries(options.params ?? {})) {
      for (const one of Array.isArray(value) ? value : [value]) {
        if (one !== undefined && one !== null) {
          url.searchParams.append(name, String(one));
        }
      }
    }
    const headers: Record<string, string> = { Accept: 'application/json, text/plain, */*', ...options.headers };
    let body: string | undefined;
    if (options.data !== undefined && method !== 'GET' && method !== 'HEAD') {
      body = typeof options.data === 'string' ? options.data : JSON.stringify(options.data);
      headers['Content-Type'] ??= 'application/json';
    }
    const reply = await fetch(url, { method, headers, body, signal: options.abortSignal });
    const data = parse(await reply.text());
    const response = {
      data, status: reply.status, statusText: reply.statusText, ok: reply.ok, headers: reply.headers, redirected: reply.redirected,
      type: reply.type, url: reply.url, config: options, traceId: undefined,
    };
    if (!reply.ok) {
      const failure = { ...response, isHandled: false, data: typeof data === 'object' && data ? data : { message: data || reply.statusText } };
      const shown = options.showErrorAlert ?? !options.url.includes('/api/ds/query');
      if (shown) {
        toast(AppEvents.alertError, (failure.data as { message?: string }).message ?? 'Request failed');
        failure.isHandled = true;
      }
      throw failure;
    }
    const message = (data as { message?: string } | undefined)?.message;
    if (options.showSuccessAlert !== false && method !== 'GET' && message) {
      toast(AppEvents.alertSuccess, message);
    }
    return response as FetchResponse;
  }

  const fetchObservable = (options: BackendSrvRequest): Observable<FetchResponse> => from(send(options));
  const request = (options: BackendSrvRequest): Promise<unknown> => lastValueFrom(fetchObservable(options)).then((reply) => reply.data);
  const withBody = (method: string) => (url: string, data?: unknown, options: Partial<BackendSrvRequest> = {}) =>
    request({ ...options, method, url, data });
  return {
    fetch: fetchObservable,
    chunked: fetchObservable,
    request,
    datasourceRequest: (options: BackendSrvRequest) => lastValueFrom(fetchObservable(options)),
    get: (url: string, params?: BackendSrvRequest['params'], requestId?: string, options: Partial<BackendSrvRequest> = {}) =>
      request({ ...options, method: 'GET', url, params, requestId }),
    post: withBody('POST'),
    put: withBody('PUT'),
    patch: withBody('PATCH'),
    delete: withBody('DELETE'),
    resolveCancelerIfExists: () => undefined,
    cancelAllInFlightRequests: () => undefined,
  };
}

function parse(text: string): unknown {
  if (!text) {
    return undefined;
  }
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
