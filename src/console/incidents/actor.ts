/** Names of people as a reader may see them: to members the API says "center" instead of a login. */
import type { Text } from '../i18n/ja.ts';

export function actorName(login: string, text: Text): string {
  return login === 'center' || login === 'system' ? text.incidents.center : login;
}
