import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { render } from '@testing-library/react';
import React, { type ReactNode } from 'react';
import { MemoryRouter } from 'react-router-dom';

export const quietQueryClient = (): QueryClient => new QueryClient({ defaultOptions: { queries: { retry: false, refetchInterval: false } } });

export const withQueries = (children: ReactNode, client = quietQueryClient()) => <QueryClientProvider client={client}>{children}</QueryClientProvider>;

export const renderPage = (page: ReactNode, url = '/') => render(<MemoryRouter initialEntries={[url]}>{withQueries(page)}</MemoryRouter>);
