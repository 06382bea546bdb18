import { AppEvents } from '@grafana/data';
import { Alert } from '@grafana/ui';
import { useEffect, useState } from 'react';
import { appEvents } from '../singletons';

interface Toast { key: number; severity: 'success' | 'warning' | 'error' | 'info'; title: string; detail?: string }

const kinds = { success: AppEvents.alertSuccess, warning: AppEvents.alertWarning, error: AppEvents.alertError, info: AppEvents.alertInfo } as const;
const shownFor = 6000;
let next = 0;

export function Toasts() {
  const [toasts, setToasts] = useState<Toast[]>([]);
  useEffect(() => {
    const close = (key: number) => setToasts((all) => all.filter((toast) => toast.key !== key));
    const subscriptions = Object.entries(kinds).map(([severity, event]) =>
      // App events are of the older kind: they are told apart by name only.
      appEvents.getStream({ type: event.name } as never).subscribe((message) => {
        const [title, detail] = (message as unknown as { payload: [string, string?] }).payload;
        const key = next++;
        setToasts((all) => [...all, { key, severity: severity as Toast['severity'], title, detail }]);
        setTimeout(() => close(key), shownFor);
      })
    );
    return () => subscriptions.forEach((subscription) => subscription.unsubscribe());
  }, []);
  return (
    <div role="status" style={{ position: 'fixed', right: 16, top: 56, width: 380, zIndex: 2000 }}>
      {toasts.map((toast) => (
        <Alert key={toast.key} severity={toast.severity} title={toast.title} elevated onRemove={() => setToasts((all) => all.filter((one) => one.key !== toast.key))}>
          {toast.detail}
        </Alert>
      ))}
    </div>
  );
}
