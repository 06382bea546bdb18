/* Grafana's frontend as far as a plugin meets it, from the published packages. */
import { ThemeContext } from '@grafana/data';
import { config, LocationServiceProvider, locationService } from '@grafana/runtime';
import { GlobalStyles, ModalRoot, ModalsProvider, PortalContainer } from '@grafana/ui';
import { initializeI18n } from 'i18n-internal/i18n.mjs';
import { createRoot } from 'react-dom/client';
import { Router } from 'react-router-dom';
import { CompatRouter } from 'react-router-dom-v5-compat';
import { HostFrame } from './frame/HostFrame';
import { Toasts } from './frame/Toasts';
import { followLinksInPage } from './followLinksInPage';
import { PluginRoutes } from './PluginRoutes';
import { registerSharedModules } from './sharedModules';
import { setSingletons } from './singletons';

registerSharedModules();
setSingletons();
followLinksInPage();

function Host() {
  return (
    <ThemeContext.Provider value={config.theme2}>
      <GlobalStyles />
      <LocationServiceProvider service={locationService}>
        <Router history={locationService.getHistory() as never}>
          <CompatRouter>
            <ModalsProvider>
              <HostFrame>
                <PluginRoutes />
              </HostFrame>
              <ModalRoot />
              <Toasts />
              <PortalContainer />
            </ModalsProvider>
          </CompatRouter>
        </Router>
      </LocationServiceProvider>
    </ThemeContext.Provider>
  );
}

void initializeI18n({ language: window.grafanaBootData.user.language, ns: ['grafana'] }).then(() => {
  createRoot(document.getElementById('reactRoot')!).render(<Host />);
});
