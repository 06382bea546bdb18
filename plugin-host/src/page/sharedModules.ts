import 'systemjs/dist/system.js';
import 'systemjs/dist/extras/amd.js';
import 'systemjs/dist/extras/named-register.js';
import * as emotionCss from '@emotion/css';
import * as emotionReact from '@emotion/react';
import * as grafanaData from '@grafana/data';
import * as grafanaDataUnstable from '@grafana/data/unstable';
import * as grafanaRuntime from '@grafana/runtime';
import * as grafanaRuntimeUnstable from '@grafana/runtime/unstable';
import * as grafanaUi from '@grafana/ui';
import * as grafanaUiUnstable from '@grafana/ui/unstable';
import i18next from 'i18next';
import lodash from 'lodash';
import moment from 'moment';
import * as react from 'react';
import * as jsxRuntime from 'react/jsx-runtime';
import * as reactDom from 'react-dom';
import * as reactRouterV5 from 'react-router-dom';
import * as reactRouterV6 from 'react-router-dom-v5-compat';
import * as rxjs from 'rxjs';
import * as rxjsOperators from 'rxjs/operators';

/** Modules that a plugin leaves to Grafana: it must get this page's instances. */
const shared: Record<string, object> = {
  '@emotion/css': emotionCss,
  '@emotion/react': emotionReact,
  '@grafana/data': grafanaData,
  '@grafana/data/unstable': grafanaDataUnstable,
  '@grafana/runtime': grafanaRuntime,
  '@grafana/runtime/unstable': grafanaRuntimeUnstable,
  '@grafana/ui': grafanaUi,
  '@grafana/ui/unstable': grafanaUiUnstable,
  i18next: { default: i18next, __useDefault: true },
  lodash: { ...lodash, default: lodash, __useDefault: true },
  moment: { ...moment, default: moment, __useDefault: true },
  react,
  'react/jsx-runtime': jsxRuntime,
  'react-dom': reactDom,
  'react-router': reactRouterV6,
  'react-router-dom': reactRouterV5,
  rxjs,
  'rxjs/operators': rxjsOperators,
};

const prefix = 'package:';

export function registerSharedModules(): void {
  const { System } = window;
  const imports: Record<string, string> = {};
  for (const [name, module] of Object.entries(shared)) {
    if (!(Symbol.toStringTag in module)) {
      // SystemJS copies plain objects; one tagged as a module stays live, and setPluginPage() changes an export later.
      Object.defineProperty(module, Symbol.toStringTag, { value: 'Module' });
    }
    System.set(prefix + name, module);
    imports[name] = prefix + name;
  }
  System.addImportMap({ imports });
  const { prototype } = System.constructor;
  const { resolve } = prototype;
  prototype.resolve = function (id, parent) {
    return id.startsWith(prefix) ? id : resolve.call(this, id, parent);
  };
}
