import { css } from '@emotion/css';
import { type GrafanaTheme2 } from '@grafana/data';
import { t } from '@grafana/i18n';
import { ClipboardButton, Field, Input, useStyles2 } from '@grafana/ui';
import React, { useState } from 'react';
import { Section } from '../../components/Section';
import { discoverCommand, isPlainName, rangeYaml, wrongRange } from './rangeEntry';

/** From a range of addresses to what fleet.yaml needs; nothing is written from here. */
export function FindMiners() {
  const styles = useStyles2(getStyles);
  const [addresses, setAddresses] = useState('192.168.1.0/24');
  const [site, setSite] = useState('');
  const [credentials, setCredentials] = useState('');
  const wrong = wrongRange(addresses);
  const [wrongSite, wrongCredentials] = [site !== '' && !isPlainName(site), credentials !== '' && !isPlainName(credentials)];
  const nameRule = t('setup.name-rule', 'Letters, digits, dot, dash and underscore, at most 63.');
  const command = discoverCommand(addresses);
  const yaml = rangeYaml({ addresses, site, credentials });
  const fits = wrong === undefined && !wrongSite && !wrongCredentials;
  return (
    <Section title={t('setup.find', 'Find miners')}>
      <p className={styles.weak}>{t('setup.find-explained', 'Say where they are. The exporter then reads every miner that it finds there, also those that come later. Nothing is written from this page.')}</p>
      <div className={styles.fields}>
        <Field label={t('setup.addresses', 'Addresses')} description={t('setup.addresses-description', 'As 192.168.1.0/24 or 192.168.1.10-60, several with commas.')} invalid={wrong !== undefined} error={t('setup.no-range', '“{{text}}” is no range of addresses', { text: wrong ?? '', interpolation: { escapeValue: false } })}>
          <Input id="setup-addresses" value={addresses} spellCheck={false} onChange={(event) => setAddresses(event.currentTarget.value)} />
        </Field>
        <Field label={t('setup.site', 'Site (optional)')} description={t('setup.site-description', 'Written with every miner that is found there.')} invalid={wrongSite} error={nameRule}>
          <Input id="setup-site" value={site} onChange={(event) => setSite(event.currentTarget.value)} />
        </Field>
        <Field label={t('setup.credentials', 'Entry of credentials (optional)')} description={t('setup.credentials-description', 'The name of an entry under “credentials” in fleet.yaml, never a password.')} invalid={wrongCredentials} error={nameRule}>
          <Input id="setup-credentials" value={credentials} spellCheck={false} onChange={(event) => setCredentials(event.currentTarget.value)} />
        </Field>
      </div>
      {fits && (
        <ol className={styles.steps}>
          <li>
            {t('setup.step-look', 'Look what is there, on the machine of the exporter:')}
            <Code text={command} label={t('setup.copy-command', 'Copy the command')} />
          </li>
          <li>
            {t('setup.step-write', 'Write this into fleet.yaml. It is taken up within seconds:')}
            <Code text={yaml} label={t('setup.copy-yaml', 'Copy the lines for fleet.yaml')} />
          </li>
          <li>{t('setup.step-see', 'The miners appear here and on the page Fleet. If one does not, the list above says why.')}</li>
        </ol>
      )}
    </Section>
  );
}

function Code({ text, label }: { text: string; label: string }) {
  const styles = useStyles2(getStyles);
  return (
    <div className={styles.code}>
      <pre className={styles.pre} tabIndex={0}>
        {text}
      </pre>
      <ClipboardButton size="sm" variant="secondary" icon="copy" getText={() => text} aria-label={label}>
        {t('setup.copy', 'Copy')}
      </ClipboardButton>
    </div>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  weak: css({ color: theme.colors.text.secondary, maxWidth: '90ch' }),
  fields: css({ display: 'grid', gridTemplateColumns: 'repeat(auto-fit, minmax(min(260px, 100%), 1fr))', gap: theme.spacing(2), maxWidth: 900 }),
  steps: css({ paddingLeft: theme.spacing(2.5), maxWidth: 900 }),
  code: css({ display: 'flex', flexWrap: 'wrap', alignItems: 'flex-start', gap: theme.spacing(1), margin: theme.spacing(0.5, 0, 2) }),
  pre: css({ flex: '1 1 260px', minWidth: 0, margin: 0 }),
});
