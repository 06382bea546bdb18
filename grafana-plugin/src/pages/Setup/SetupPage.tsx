import { PluginPage } from '@grafana/runtime';
import React from 'react';
import { Placeholder } from '../../components/Placeholder';

export default function SetupPage() {
  return (
    <PluginPage>
      <Placeholder rows={6} label="" />
    </PluginPage>
  );
}
