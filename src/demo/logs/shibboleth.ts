/** Shibboleth IdP: audit lines of single sign-on, and a mistyped password now and then. */
import type { DemoMember } from '../city.ts';
import type { Random } from '../random.ts';
import { tokyo } from './times.ts';

const services = [
  'https://library.example.ac.jp/shibboleth',
  'https://lms.example.ac.jp/sp',
  'https://journals.example.com/shibboleth',
];

export function ordinaryShibboleth(_member: DemoMember, random: Random, atMs: number): string {
  const student = `m24${random.int(10_000, 10_400)}`;
  const from = `192.0.2.${random.int(1, 250)}`;
  const head = `${tokyo(atMs)},${String(atMs % 1000).padStart(3, '0')} - ${from} - INFO`;
  if (random.chance(0.04)) {
    return `${head} [net.shibboleth.idp.authn.impl.LDAPCredentialValidator:191] - Credential Validator ldap: Login by '${student}' failed`;
  }
  const started = new Date(atMs - 6_000).toISOString().slice(0, 19);
  const ended = new Date(atMs).toISOString().slice(0, 19);
  return `${head} [Shibboleth-Audit.SSO:283] - ${from}|${started}Z|${ended}Z|${student}|${random.pick(services)}|_${random.int(1e8, 9e8).toString(16)}|password|${ended}Z|eduPersonPrincipalName,displayName|_${random.int(1e8, 9e8).toString(16)}|transient|true|false|true|Redirect|POST||Success||_${random.int(1e8, 9e8).toString(16)}|Mozilla/5.0 (Windows NT 10.0; Win64; x64)`;
}
