/**
 * Audit records of the Shibboleth IdP: values between pipes, in the order that conf/audit.xml gives by field labels.
 * Knows the labels of the IdP's AuditLoggingConfiguration; others keep their label under the product's prefix.
 */
import { isIP } from 'node:net';
import { parseIsoTime, RecordError } from '../../src/connector.ts';
import type { Fields } from '../../src/model/event.ts';

/** The format that the IdP versions 4 and 5 come with. */
export const defaultAuditFields: readonly string[] = [
  ...[
    'a',
    'ST',
    'T',
    'u',
    'SP',
    'i',
    'ac',
    't',
    'attr',
    'n',
    'f',
    'SSO',
    'XX',
    'XA',
    'b',
    'bb',
    'e',
    'S',
    'SS',
    's',
    'UA',
  ],
];

const PREFIX = 'shibboleth.idp.';

/** Label -> field, for values that are taken as they are. The times ST and T, the address a and the lists are read apart. */
const plainFields: ReadonlyMap<string, string> = new Map([
  ['u', 'user.name'],
  ['HASHEDu', 'user.hash'],
  ['SP', 'service.name'],
  ['UA', 'user_agent.original'],
  ['e', 'event.reason'],
  ['URL', 'url.full'],
  ['URI', 'url.path'],
  ['uu', 'shibboleth.idp.impersonating_user'],
  ['tu', 'shibboleth.idp.transformed_user'],
  ['s', 'shibboleth.idp.session_id'],
  ['i', 'shibboleth.idp.assertion_id'],
  ['ac', 'shibboleth.idp.authn_context'],
  ['t', 'shibboleth.idp.authn_time'],
  ['AF', 'shibboleth.idp.authn_flow'],
  ['AR', 'shibboleth.idp.authn_result'],
  ['CV', 'shibboleth.idp.credential_validator'],
  ['n', 'shibboleth.idp.name_id'],
  ['f', 'shibboleth.idp.name_id_format'],
  ['XA', 'shibboleth.idp.encryption_algorithm'],
  ['b', 'shibboleth.idp.inbound_binding'],
  ['bb', 'shibboleth.idp.outbound_binding'],
  ['S', 'shibboleth.idp.status'],
  ['SS', 'shibboleth.idp.sub_status'],
  ['SM', 'shibboleth.idp.status_message'],
  ['P', 'shibboleth.idp.profile'],
  ['IDP', 'shibboleth.idp.entity_id'],
  ['I', 'shibboleth.idp.request_id'],
  ['II', 'shibboleth.idp.in_response_to'],
  ['III', 'shibboleth.idp.response_id'],
  ['x', 'shibboleth.idp.session_index'],
]);

const flagFields: ReadonlyMap<string, string> = new Map([
  ['SSO', 'shibboleth.idp.session_reused'],
  ['XX', 'shibboleth.idp.signed_request'],
  ['X', 'shibboleth.idp.encrypted_assertion'],
  ['pasv', 'shibboleth.idp.passive'],
  ['fauth', 'shibboleth.idp.forced_authn'],
]);

/** Labels whose value a browser or a partner writes freely, pipes included: at the end of the format they take what is left. */
const freeText: ReadonlySet<string> = new Set(['UA', 'SM', 'URL', 'URI']);

/**
 * Cuts a record by the labels. Throws RecordError when it has another number of values: a wrong guess would put every value in
 * the wrong place.
 */
export function splitAudit(text: string, labels: readonly string[]): ReadonlyMap<string, string> {
  let values = text.split('|', 500);
  const last = labels.at(-1) as string;
  if (values.length > labels.length && freeText.has(last)) {
    const kept = values.slice(0, labels.length - 1);
    values = [...kept, text.slice(kept.reduce((length, value) => length + value.length + 1, 0))];
  } else if (values.length === labels.length + 1 && values.at(-1) === '') values.pop();
  if (values.length !== labels.length) {
    throw new RecordError(
      `an audit record of ${values.length} values, but auditFields names ${labels.length}: cut off, or give auditFields the format in conf/audit.xml`,
    );
  }
  return new Map(labels.map((label, index) => [label, values[index] as string]));
}

/** "2026-11-20T01:03:11.5Z", or the compact "20261120T010311Z" of version 3 -> milliseconds since the epoch. */
export function auditTime(text: string | undefined, timeZone: string): number | undefined {
  if (text === undefined) return undefined;
  const compact = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  try {
    return Date.parse(
      parseIsoTime(
        compact === null ? text : `${compact.slice(1, 4).join('-')}T${compact.slice(4).join(':')}Z`,
        timeZone,
      ),
    );
  } catch (error) {
    if (error instanceof RecordError) return undefined;
    throw error;
  }
}

/** Puts an audit record's values into their fields; empty values are what the IdP writes for "none" and are left out. */
export function readAudit(values: ReadonlyMap<string, string>, timeZone: string, fields: Fields): void {
  for (const [label, text] of values) {
    if (text === '') continue;
    const flag = flagFields.get(label);
    if (label === 'a') setClient(fields, text);
    else if (label === 'T' && auditTime(text, timeZone) !== undefined) continue;
    else if (label === 'ST' && auditTime(text, timeZone) !== undefined) {
      fields['event.start'] = new Date(auditTime(text, timeZone) as number).toISOString();
    } else if (label === 'attr')
      fields['shibboleth.idp.attributes'] = text.split(',', 500).filter((name) => name !== '');
    else if (flag !== undefined) fields[flag] = text === 'true' || text === 'false' ? text === 'true' : text;
    else fields[plainFields.get(label) ?? PREFIX + label] = text;
  }
  const outcome = outcomeOf(values);
  if (outcome !== undefined) fields['event.outcome'] = outcome;
}

/** The browser's address, or whatever a proxy in front of the IdP put in its place. */
export function setClient(fields: Fields, text: string): void {
  // A zone ("fe80::1%eth0") passes isIP, yet no store takes it for an address.
  if (isIP(text) !== 0 && !text.includes('%')) fields['source.ip'] = text;
  else fields['source.address'] = text;
}

/** A status is a short word or a SAML URN; an error that was handled by the IdP itself has an event and no status. */
function outcomeOf(values: ReadonlyMap<string, string>): 'success' | 'failure' | undefined {
  const status = values.get('S') || values.get('AR') || '';
  if (status !== '') return status === 'Success' || status.endsWith(':Success') ? 'success' : 'failure';
  return values.get('e') ? 'failure' : undefined;
}
