/** Members and their sources, as the store keeps them and as the API gives them to those who may see them. */
import { z } from 'zod';

export const memberId = z
  .string()
  .regex(/^[a-z][a-z0-9-]{1,38}[a-z0-9]$/, 'use 3 to 40 of a-z, 0-9 and "-", beginning with a letter')
  .describe('Short name of the member, used in ids and addresses');

export const memberKind = z.enum([
  'hospital',
  'museum',
  'exhibition-hall',
  'university',
  'foundation',
  'utility',
  'municipality',
  'other',
]);

export const member = z.object({
  id: memberId,
  name: z.string().min(1).max(120).describe('Name as people write it'),
  kind: memberKind,
  /** IANA zone used for sources that do not say theirs. */
  timeZone: z.string().default('Asia/Tokyo'),
  createdAt: z.iso.datetime(),
  version: z.int(),
});
export type Member = z.infer<typeof member>;

/** Encodings a source may declare; labels of the WHATWG Encoding Standard, where shift_jis is what Windows calls CP932. */
export const encoding = z.enum(['utf-8', 'shift_jis', 'euc-jp', 'iso-2022-jp', 'utf-16le', 'utf-16be']);
export type Encoding = z.infer<typeof encoding>;

export const source = z.object({
  /** `<member id>.<name>` */
  id: z.string(),
  memberId,
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,38}$/, 'use 1 to 39 of a-z, 0-9 and "-"')
    .describe('Short name within the member, e.g. "vpn"'),
  type: z.string().describe('Connector that reads it, e.g. "fortinet-fortigate"'),
  encoding: encoding.default('utf-8'),
  timeZone: z.string().default('Asia/Tokyo').describe('IANA zone for records that do not say theirs'),
  /** The connector's own settings, checked against its schema. */
  config: z.record(z.string(), z.unknown()).default({}),
  createdAt: z.iso.datetime(),
  version: z.int(),
});
export type Source = z.infer<typeof source>;
