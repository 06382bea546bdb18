import { hasPermission } from '@grafana/runtime';
import { actions, readPermissions } from './permissions';
import pluginJson from './plugin.json';

jest.mock('@grafana/runtime', () => ({ hasPermission: jest.fn() }));

const declared = (grant: string): string[] =>
  pluginJson.roles.filter((role) => role.grants.includes(grant)).flatMap((role) => role.role.permissions.map((permission) => permission.action));

describe('permissions', () => {
  it('a viewer reads, an editor acts, an administrator configures', () => {
    expect(declared('Viewer')).toEqual([actions.read]);
    expect(declared('Editor')).toEqual([actions.read, actions.write]);
    expect(declared('Admin')).toEqual([actions.read, actions.write, actions.admin]);
  });

  it('every route asks for an action that a role grants', () => {
    const granted = new Set(['Viewer', 'Editor', 'Admin'].flatMap(declared));
    expect(pluginJson.routes.map(({ path, method, reqAction }) => [path, method, reqAction])).toEqual([
      ['read/*', 'GET', actions.read],
      ['write/*', 'POST', actions.write], ['write/*', 'PUT', actions.write], ['write/*', 'DELETE', actions.write],
      ['alertmanager/*', 'GET', actions.read], ['alertmanager/*', 'POST', actions.write], ['alertmanager/*', 'DELETE', actions.write],
    ]);
    expect(pluginJson.routes.every((route) => granted.has(route.reqAction))).toBe(true);
  });

  it('are asked of Grafana one by one', () => {
    jest.mocked(hasPermission).mockImplementation((action) => action === actions.read);
    expect(readPermissions()).toEqual({ canReadMiners: true, canWriteMiners: false, canConfigure: false });
  });
});
