import { t } from '@grafana/i18n';
import type { AuditEvent } from '../../api/types';

export const auditEventName = (event: AuditEvent): string =>
  ({
    started: t('audit.started', 'Started'),
    sent: t('audit.sent', 'Sent to the miner'),
    outcome: t('audit.outcome', 'Outcome'),
    roll_back: t('audit.roll-back', 'Taken back'),
    cancelled: t('audit.cancelled', 'Cancelled'),
    refused: t('audit.refused', 'Refused'),
    intent: t('audit.intent', 'Intent'),
    inventory: t('audit.inventory', 'Inventory'),
    schedule: t('audit.schedule', 'Schedule'),
    requested: t('audit.requested', 'Asked a second person'),
    approved: t('audit.approved', 'Approved'),
    rejected: t('audit.rejected', 'Rejected'),
    expired: t('audit.expired', 'Expired'),
    drift_accepted: t('audit.drift-accepted', 'Difference accepted'),
    advice: t('audit.advice', 'Advice'),
    model: t('audit.model', 'Model of advice'),
  })[event];
