/** Random tokens of sessions and one-time links. The bearer has the token, the store has only its SHA-256 as the id. */
import { createHash, randomBytes } from 'node:crypto';

export function newToken(): { readonly token: string; readonly id: string } {
  const token = randomBytes(32).toString('base64url');
  return { token, id: tokenId(token) };
}

/** Id under which the token's session is stored, whatever text was sent as the token. */
export const tokenId = (token: string): string => createHash('sha256').update(token).digest('hex');
