import { createContext, useContext } from 'react';
import type { AppSettings } from '../../settings';

export const AppSettingsContext = createContext<AppSettings>({});

export const useAppSettings = (): AppSettings => useContext(AppSettingsContext);
