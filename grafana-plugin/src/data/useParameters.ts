import { useCallback } from 'react';
import { useSearchParams } from 'react-router-dom';

/** The page's state in its address, so that it can be shared: what is set, and how to set one; undefined takes it away. */
export function useParameters(): [URLSearchParams, (name: string, value: string | undefined) => void] {
  const [parameters, setParameters] = useSearchParams();
  const set = useCallback(
    (name: string, value: string | undefined): void =>
      setParameters(
        (current) => {
          const next = new URLSearchParams(current);
          if (value === undefined || value === '') {
            next.delete(name);
          } else {
            next.set(name, value);
          }
          return next;
        },
        { replace: true }
      ),
    [setParameters]
  );
  return [parameters, set];
}
