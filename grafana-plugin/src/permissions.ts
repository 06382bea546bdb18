import { hasPermission } from '@grafana/runtime';

/** Actions that plugin.json declares in `roles` and asks for in `routes`. */
export const actions = {
  read: 'hashfleet-miningfleet-app.miners:read',
  write: 'hashfleet-miningfleet-app.miners:write',
  admin: 'hashfleet-miningfleet-app.admin',
} as const;

export interface Permissions {
  canReadMiners: boolean;
  canWriteMiners: boolean;
  canConfigure: boolean;
}

export const readPermissions = (): Permissions => ({
  canReadMiners: hasPermission(actions.read),
  canWriteMiners: hasPermission(actions.write),
  canConfigure: hasPermission(actions.admin),
});
