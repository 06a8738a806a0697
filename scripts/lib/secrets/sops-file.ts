/** What a SOPS file says without a key: its values in their order, which of them are encrypted, and for whom. */
import type { Id } from '../../../renderers/lab.ts'
import { positionOf } from '../definition/position.ts'
import type { Span } from '../definition/yaml-fault.ts'
import { readYaml } from '../definition/yaml-file.ts'
import { isMap, keySources, listOf, type Members } from './members.ts'
import { isEncryptedBy, rulesBeyondUs } from './encryption-rule.ts'
import { isNoSopsFile, macIsMissing, macWasChanged } from './refusals.ts'

export interface SopsFile {
  /** In the order of the file, which the MAC is over. */
  readonly values: readonly SopsValue[]
  readonly lastModified: string
  /** The MAC, encrypted as a value is. */
  readonly mac: string
  readonly macOnlyEncrypted: boolean
  readonly recipients: readonly AgeRecipient[]
  /** The kinds of keys besides age's that the data key is encrypted to as well: "pgp", "kms". */
  readonly otherKeys: readonly string[]
  /** What it takes the program `sops` to read, as in "…, because it …"; null where it takes nothing but age. */
  readonly beyondUs: string | null
  /** Whether its rules have a value with these keys on the way encrypted. */
  encrypts(path: readonly string[]): boolean
  /** Where the value with these keys and numbers of members on the way is written: "lab/secrets.yaml:12". */
  at(place: readonly string[]): string
}

export interface SopsValue {
  /** The keys on the way. A list adds none: SOPS encrypts all members of a list for the list. */
  readonly path: readonly string[]
  readonly id: Id
  /** As `path`, with the number of each member of a list. */
  readonly place: readonly string[]
  readonly isInList: boolean
  readonly value: unknown
  readonly isEncrypted: boolean
}

export interface AgeRecipient {
  readonly recipient: string
  /** The data key, encrypted to this recipient, in age's armour. */
  readonly encrypted: string
}

/**
 * Reads the text of a SOPS file in YAML (getsops.io, stores/yaml). `file`: what it is called in refusals.
 * Throws a FailureError where it is none, or has no MAC.
 */
export function sopsFile(text: string, file: string): SopsFile {
  const { faults, inOrder, locate } = readYaml(text)
  const at = (span: Span) => `${file}:${positionOf(text, span, true).line}`
  if (faults.length > 0) throw isNoSopsFile(at(faults[0]!.at), faults[0]!.message)
  const root = inOrder()
  const metadata = isMap(root) ? root.get('sops') : undefined
  if (!isMap(root) || !isMap(metadata)) throw isNoSopsFile(file, 'it has no part "sops"')
  const [lastModified, mac] = [metadata.get('lastmodified'), metadata.get('mac')]
  if (typeof mac !== 'string' || mac === '') throw macIsMissing(at(locate(['sops'], true)))
  if (typeof lastModified !== 'string') throw macWasChanged(at(locate(['sops'], true)))
  const groups = keyGroups(metadata)
  const [group = new Map()] = groups
  const otherKeys = keySources.filter((source) => listOf(group.get(source)).length > 0)
  const recipients = listOf(group.get('age')).flatMap(ageRecipient)
  const groupsOrRules = groups.length > 1 ? 'splits its data key over several key groups' : rulesBeyondUs(metadata)
  const isEncrypted = groupsOrRules === null ? isEncryptedBy(metadata) : () => true
  const values = [...root].flatMap(([key, value]) => {
    const way = [String(key)]
    return key === 'sops' ? [] : leaves(value, { path: way, place: way, isInList: false }, isEncrypted)
  })
  const macOnlyEncrypted = metadata.get('mac_only_encrypted') === true
  return {
    values,
    lastModified,
    mac,
    macOnlyEncrypted,
    recipients,
    otherKeys,
    beyondUs: groupsOrRules ?? (macOnlyEncrypted ? null : spellingBeyondUs(values)),
    encrypts: isEncrypted,
    at: (place) => at(locate(place, true)),
  }
}

/**
 * What is in clear counts for the MAC as Go spells it: a time with its zone, a number without an exponent. Quotes are not known any more here, so
 * what may be a time is one.
 */
function spellingBeyondUs(values: readonly SopsValue[]): string | null {
  const odd = values.find(({ value, isEncrypted }) => {
    if (isEncrypted) return false
    return typeof value === 'number' ? !Number.isSafeInteger(value) : /^\d{4}-\d\d?-\d\d?/.test(String(value))
  })
  return odd === undefined ? null : `holds a time or a fraction in clear, which counts as SOPS spells it: ${odd.id}`
}

/** SOPS writes a single group's keys into the metadata itself, and reads them there first. */
function keyGroups(metadata: Members): readonly Members[] {
  const isDirect = ['age', ...keySources].some((source) => listOf(metadata.get(source)).length > 0)
  return isDirect ? [metadata] : listOf(metadata.get('key_groups')).filter(isMap)
}

function ageRecipient(entry: unknown): AgeRecipient[] {
  const [recipient, encrypted] = isMap(entry) ? [entry.get('recipient'), entry.get('enc')] : []
  return typeof recipient === 'string' && typeof encrypted === 'string' ? [{ recipient, encrypted }] : []
}

type Way = Pick<SopsValue, 'path' | 'place' | 'isInList'>

function leaves(value: unknown, way: Way, isEncrypted: (path: readonly string[]) => boolean): SopsValue[] {
  const { path, place } = way
  if (isMap(value)) {
    return [...value].flatMap(([name, member]) => {
      const key = String(name)
      return leaves(member, { ...way, path: [...path, key], place: [...place, key] }, isEncrypted)
    })
  }
  if (Array.isArray(value)) {
    return value.flatMap((member, index) =>
      leaves(member, { path, place: [...place, String(index)], isInList: true }, isEncrypted),
    )
  }
  return value === null ? [] : [{ ...way, id: path.join('.'), value, isEncrypted: isEncrypted(path) }]
}
