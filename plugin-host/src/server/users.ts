import type { BasicRole, PluginJson } from './pluginFolder.ts';

export interface HostUser {
  id: number;
  login: string;
  name: string;
  email: string;
  orgRole: BasicRole;
}

/** One user for each of Grafana's basic roles; the first is who opens the page. */
export const users: readonly HostUser[] = [
  { id: 1, login: 'admin', name: 'Admin', email: 'admin@example.test', orgRole: 'Admin' },
  { id: 2, login: 'operator', name: 'Operator', email: 'operator@example.test', orgRole: 'Editor' },
  { id: 3, login: 'viewer', name: 'Viewer', email: 'viewer@example.test', orgRole: 'Viewer' },
];

const rank: Record<BasicRole, number> = { Viewer: 1, Editor: 2, Admin: 3 };

export const hasRole = (user: HostUser, role: BasicRole): boolean => rank[user.orgRole] >= rank[role];

/** What a user may do: a role granted to a basic role goes to the roles above it too, as in Grafana. */
export function permissionsOf(user: HostUser, plugin: PluginJson): Record<string, boolean> {
  const granted = (plugin.roles ?? [])
    .filter((role) => role.grants.some((grant) => hasRole(user, grant)))
    .flatMap((role) => role.role.permissions.map((permission) => [permission.action, true] as const));
  return Object.fromEntries([...granted, ['plugins.app:access', true] as const]);
}

export const userByLogin = (login: string | undefined): HostUser | undefined => users.find((user) => user.login === login);
