/**
 * Changing one document: read within the reader's scope, compare versions, save together with the audit entry, tell those who
 * keep copies. Decides nothing about what a change may be.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Refusal } from '../errors.ts';
import { type Change, type Docs, type Kind, type Store, VersionConflict } from '../store/store.ts';
import type { ApiParts } from './parts.ts';
import { found } from './problem.ts';
import type { Reader } from './reader.ts';

/** Sets the ETag that a later change names in If-Match. */
export function tagVersion(reply: FastifyReply, doc: { readonly version: number }): void {
  reply.header('etag', `"${doc.version}"`);
}

/** Throws Refusal "version-required" or "version-conflict". */
export function checkVersion(request: FastifyRequest, doc: { readonly version: number }): void {
  const given = request.headers['if-match'];
  if (given === undefined) {
    throw new Refusal('version-required', `send the ETag of what you read as header If-Match, e.g. "${doc.version}"`);
  }
  if (given !== `"${doc.version}"`) {
    throw new Refusal('version-conflict', 'read it again and repeat the change on what it is now');
  }
}

const watched: ReadonlySet<Kind> = new Set<Kind>(['alert', 'incident', 'campaign']);

/** All or nothing. Throws VersionConflict. */
export async function saveAll(parts: Pick<ApiParts, 'store' | 'onSaved'>, changes: readonly Change[]): Promise<void> {
  await parts.store.save(changes);
  const told = changes.filter(({ kind }) => watched.has(kind));
  if (told.length > 0) parts.onSaved(told);
}

/** A document within the reader's scope, or "not found". */
export async function readOne<K extends Kind>(store: Store, kind: K, reader: Reader, id: string): Promise<Docs[K]> {
  return found(await store.get(kind, reader.scope, id));
}

/** Repeats a change that does not depend on what it is made to (a comment) when the document moved on meanwhile. */
export async function insist<T>(change: () => Promise<T>): Promise<T> {
  for (let left = 5; ; left--) {
    try {
      return await change();
    } catch (error) {
      if (!(error instanceof VersionConflict) || left === 0) throw error;
    }
  }
}
