/** Web server access log, combined format. */
import type { DemoMember } from '../city.ts';
import type { Random } from '../random.ts';
import { accessTime } from './times.ts';

const pages = [
  '/',
  '/news/',
  '/access.html',
  '/guide/floor',
  '/calendar?month=11',
  '/images/top.jpg',
  '/css/site.css',
  '/search?q=%E4%BC%91%E9%A4%A8%E6%97%A5',
  '/en/',
  '/contact',
];
const agents = [
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.1 Mobile/15E148 Safari/604.1',
  'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0',
];

export function ordinaryWeb(member: DemoMember, random: Random, atMs: number): string {
  const page = random.pick(pages);
  const status = random.chance(0.03) ? 404 : random.chance(0.1) ? 304 : 200;
  const from = random.chance(0.3)
    ? `2001:db8:${random.int(1, 99)}::${random.int(1, 999)}`
    : `192.0.2.${random.int(1, 250)}`;
  const referrer = random.chance(0.5) ? '-' : `https://www.${member.domain}/`;
  return `${from} - - [${accessTime(atMs)}] "GET ${page} HTTP/1.1" ${status} ${status === 304 ? 0 : random.int(300, 90_000)} "${referrer}" "${random.pick(agents)}"`;
}
