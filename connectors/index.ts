/** The list of connectors. One import and one line for each; what is not listed here does not exist. */

import type { Connector } from '../src/connector.ts';
import { fortinetFortigate } from './fortinet-fortigate/index.ts';
import { linuxAuth } from './linux-auth/index.ts';
import { shibbolethIdp } from './shibboleth-idp/index.ts';
import { webAccess } from './web-access/index.ts';
import { windowsEvent } from './windows-event/index.ts';
import { yamahaRtx } from './yamaha-rtx/index.ts';

export const connectors: readonly Connector[] = [
  fortinetFortigate,
  linuxAuth,
  shibbolethIdp,
  webAccess,
  windowsEvent,
  yamahaRtx,
];
