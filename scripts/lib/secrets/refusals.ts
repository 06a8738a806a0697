/** Why a SOPS file is not used. No refusal holds a value, an identity, or words of a library that has seen one. */
import { FailureError } from '../failure.ts'

const now = 'no host was touched'

/** No distribution that quorate knows has a package. */
export const howToInstallSops =
  'install sops (a program or a .deb from https://github.com/getsops/sops/releases; Debian has no package of it)'

/** Somebody changed the file without SOPS: nothing in it is to be relied on, not even for a look at what would be done. */
export class TamperedError extends FailureError {}

/** What there is to do about a file that was tampered with: SOPS itself opens it no more. `at`: the file, with or without a line. */
function lastGood(at: string): string {
  return `see who changed it (git log -p -- ${fileOf(at)}) and bring back the last version that opens; change it with sops only`
}

function fileOf(at: string): string {
  return at.replace(/:\d+$/, '')
}

export function isNoSopsFile(at: string, why: string): FailureError {
  const what = `the secrets are no file of SOPS: ${why}`
  return new FailureError(
    {
      what,
      where: at,
      now,
      next: 'bring back a version that SOPS wrote, or take it away and make it anew: quorate secrets set NAME',
    },
    4,
  )
}

/** `places`: where was looked. */
export function noIdentity(file: string, places: readonly string[], recipients: readonly string[]): FailureError {
  const what = `there is no age identity to decrypt the secrets with: looked for one in ${places.join(', ')}`
  const next = `put the identity (AGE-SECRET-KEY-1…) of one of these there: ${listed(recipients)}`
  return new FailureError({ what, where: file, now, next }, 4)
}

/** `ours`: the public halves of the identities that were found. */
export function identityIsNoRecipient(
  file: string,
  ours: readonly string[],
  recipients: readonly string[],
): FailureError {
  const whose = ours.length === 1 ? `identity of ${listed(ours)} does` : `identities of ${listed(ours)} do`
  const what = `the age ${whose} not decrypt the secrets, which are encrypted for ${listed(recipients)}`
  const next =
    'use the identity of one of these, or let its owner add yours to .sops.yaml and run "quorate secrets rotate"'
  return new FailureError({ what, where: file, now, next }, 4)
}

export function identityIsMalformed(place: string): FailureError {
  const what = 'an age identity is not as age-keygen writes it; it is not shown'
  const next =
    'write identities (AGE-SECRET-KEY-1…) one a line, whole and in capitals; lines that begin with # are left out'
  return new FailureError({ what, where: place, now, next }, 4)
}

export function commandFailed(why: string): FailureError {
  const what = `the command in SOPS_AGE_KEY_CMD gives no age identity: ${why}`
  const next = 'run it by hand: it has to print identities (AGE-SECRET-KEY-1…), one a line; it is run without a shell'
  return new FailureError({ what, where: 'SOPS_AGE_KEY_CMD', now, next }, 4)
}

export function dataKeyIsDamaged(file: string, recipient: string): TamperedError {
  const what = `the data key for ${shortened(recipient)} in the part "sops" of the secrets was changed or cut`
  return new TamperedError({ what, where: file, now, next: lastGood(file) }, 4)
}

export function valueIsInClear(at: string, id: string): FailureError {
  const what = `the secret "${id}" is not encrypted; its value is not shown`
  const next = 'take it for known to others: set a new value with sops'
  return new FailureError({ what, where: at, now, next }, 4)
}

export function valueIsMalformed(at: string, id: string): TamperedError {
  const what = `the value of the secret "${id}" was changed: it is not as SOPS writes one`
  return new TamperedError({ what, where: at, now, next: lastGood(at) }, 4)
}

export function valueIsNoText(at: string, id: string): FailureError {
  const what = `the secret "${id}" is no text in UTF-8, and nothing else can go into a configuration file`
  const next = 'keep bytes as text, in base64 for one, and decode them where they are used'
  return new FailureError({ what, where: at, now, next }, 4)
}

/** `origin`: the secret whose value it was. */
export function valueWasChanged(at: string, id: string, origin: string | null): TamperedError {
  const what =
    origin === null
      ? `the secret "${id}" does not decrypt with the file's key: its value or its name was changed`
      : `the secret "${id}" has the value of "${origin}": it was moved or copied without sops`
  return new TamperedError({ what, where: at, now, next: lastGood(at) }, 4)
}

export function macIsMissing(at: string): TamperedError {
  const what = 'the secrets have no MAC, so nobody can tell whether one was taken away or put back to an old value'
  return new TamperedError({ what, where: at, now, next: lastGood(at) }, 4)
}

export function macWasChanged(at: string): TamperedError {
  const what =
    'the MAC of the secrets does not decrypt with their key and date: "mac" or "lastmodified" was changed or cut'
  return new TamperedError({ what, where: at, now, next: lastGood(at) }, 4)
}

export function contentWasChanged(at: string): TamperedError {
  const what =
    'the secrets are not those that their MAC is over: one was added, taken away, put elsewhere or put back to an old value'
  return new TamperedError({ what, where: at, now, next: lastGood(at) }, 4)
}

function listed(recipients: readonly string[]): string {
  return recipients.length === 0 ? 'nobody' : recipients.map(shortened).join(', ')
}

/** A post-quantum recipient has 1959 characters. */
function shortened(recipient: string): string {
  return recipient.length > 80 ? `${recipient.slice(0, 40)}…` : recipient
}
