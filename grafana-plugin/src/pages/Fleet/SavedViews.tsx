import { type GrafanaTheme2 } from '@grafana/data';
import { css } from '@emotion/css';
import { t } from '@grafana/i18n';
import { locationService, usePluginUserStorage } from '@grafana/runtime';
import { Button, Dropdown, Field, Input, Menu, Modal, useStyles2 } from '@grafana/ui';
import React, { useEffect, useState, type SyntheticEvent } from 'react';
import { fleetUrl } from '../../constants';
import { longestName, readViews, viewOf, withoutView, withView, type SavedView } from './savedViews';

const storageKey = 'fleet-views';

/** Views of the fleet that this user has named; they follow the user where Grafana keeps users' settings, else the browser. */
export function SavedViews() {
  const styles = useStyles2(getStyles);
  const storage = usePluginUserStorage();
  const [views, setViews] = useState<SavedView[]>([]);
  const [dialog, setDialog] = useState<'save' | 'remove'>();
  const [name, setName] = useState('');

  useEffect(() => {
    let shown = true;
    void storage.getItem(storageKey).then((text) => shown && setViews(readViews(text)));
    return () => {
      shown = false;
    };
  }, [storage]);

  const keep = (next: SavedView[]): void => {
    setViews(next);
    void storage.setItem(storageKey, JSON.stringify(next));
  };
  const close = (): void => setDialog(undefined);
  const save = (event: SyntheticEvent): void => {
    event.preventDefault();
    keep(withView(views, { name: name.trim(), search: viewOf(locationService.getLocation().search) }));
    setName('');
    close();
  };

  const menu = (
    <Menu>
      {views.map((view) => (
        <Menu.Item key={view.name} label={view.name} icon="apps" onClick={() => locationService.push(`${fleetUrl()}?${view.search}`)} />
      ))}
      {views.length > 0 && <Menu.Divider />}
      <Menu.Item label={t('views.save', 'Save this view')} icon="save" onClick={() => setDialog('save')} />
      {views.length > 0 && <Menu.Item label={t('views.remove', 'Remove views')} icon="trash-alt" onClick={() => setDialog('remove')} />}
    </Menu>
  );

  return (
    <>
      <Dropdown overlay={menu} placement="bottom-end">
        <Button variant="secondary" icon="bookmark">
          {t('views.title', 'Views')}
        </Button>
      </Dropdown>
      {dialog === 'save' && (
        <Modal isOpen title={t('views.save', 'Save this view')} onDismiss={close}>
          <form onSubmit={save}>
            <Field
              label={t('views.name', 'Name')}
              description={
                views.some((view) => view.name === name.trim())
                  ? t('views.replaces', 'Takes the place of the view with this name')
                  : t('views.what', 'Keeps the filters, the grouping and the time range')
              }
            >
              <Input id="view-name" value={name} maxLength={longestName} autoFocus onChange={(event) => setName(event.currentTarget.value)} />
            </Field>
            <Modal.ButtonRow>
              <Button variant="secondary" fill="outline" type="button" onClick={close}>
                {t('views.cancel', 'Cancel')}
              </Button>
              <Button type="submit" disabled={name.trim() === ''}>
                {t('views.save-button', 'Save')}
              </Button>
            </Modal.ButtonRow>
          </form>
        </Modal>
      )}
      {dialog === 'remove' && (
        <Modal isOpen title={t('views.remove', 'Remove views')} onDismiss={close}>
          <ul className={styles.list}>
            {views.map((view) => (
              <li key={view.name} className={styles.item}>
                <span>{view.name}</span>
                <Button size="sm" variant="secondary" icon="trash-alt" aria-label={t('views.remove-one', 'Remove {{name}}', { name: view.name })} onClick={() => keep(withoutView(views, view.name))} />
              </li>
            ))}
          </ul>
          <Modal.ButtonRow>
            <Button onClick={close}>{t('views.done', 'Done')}</Button>
          </Modal.ButtonRow>
        </Modal>
      )}
    </>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  list: css({ listStyle: 'none', margin: 0, padding: 0 }),
  item: css({ display: 'flex', justifyContent: 'space-between', alignItems: 'center', padding: theme.spacing(0.5, 0), overflowWrap: 'anywhere' }),
});
