/** What the Windows event ids that analysts meet daily are called; others are shown by number alone. */
import type { Language } from '../types.ts';

const names = new Map<string, Readonly<Record<Language, string>>>([
  ['104', { ja: 'ログ消去', en: 'log cleared' }],
  ['1102', { ja: '監査ログ消去', en: 'audit log cleared' }],
  ['4104', { ja: 'PowerShell スクリプト', en: 'PowerShell script' }],
  ['4624', { ja: 'ログオン', en: 'logon' }],
  ['4625', { ja: 'ログオン失敗', en: 'failed logon' }],
  ['4634', { ja: 'ログオフ', en: 'logoff' }],
  ['4648', { ja: '明示的な資格情報でのログオン', en: 'logon with explicit credentials' }],
  ['4672', { ja: '特権ログオン', en: 'privileged logon' }],
  ['4688', { ja: 'プロセス作成', en: 'process created' }],
  ['4697', { ja: 'サービス登録', en: 'service installed' }],
  ['4698', { ja: 'タスク登録', en: 'task created' }],
  ['4720', { ja: 'アカウント作成', en: 'account created' }],
  ['4724', { ja: 'パスワード再設定', en: 'password reset' }],
  ['4728', { ja: 'グローバルグループへの追加', en: 'added to global group' }],
  ['4732', { ja: 'ローカルグループへの追加', en: 'added to local group' }],
  ['4740', { ja: 'アカウントロック', en: 'account locked' }],
  ['4768', { ja: 'Kerberos TGT 要求', en: 'Kerberos TGT requested' }],
  ['4769', { ja: 'Kerberos チケット要求', en: 'Kerberos ticket requested' }],
  ['4771', { ja: 'Kerberos 事前認証失敗', en: 'Kerberos pre-authentication failed' }],
  ['4776', { ja: 'NTLM 認証', en: 'NTLM authentication' }],
  ['5140', { ja: '共有アクセス', en: 'share accessed' }],
  ['5145', { ja: '共有ファイルの確認', en: 'shared file checked' }],
  ['7036', { ja: 'サービス状態変化', en: 'service changed state' }],
  ['7045', { ja: 'サービス登録', en: 'service installed' }],
]);

/** Empty for an id that is not in the table. */
export function windowsEventName(id: string, language: Language): string {
  return names.get(id)?.[language] ?? '';
}
