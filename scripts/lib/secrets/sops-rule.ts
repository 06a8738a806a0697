/** For whom the lab's secrets have to be encrypted: what .sops.yaml says, read as SOPS reads it (getsops.io, config/config.go). */
import { readFile } from 'node:fs/promises'
import { dirname, join, relative, sep } from 'node:path'
import { readYaml } from '../definition/yaml-file.ts'
import { isMap, keySources, listOf, type Members } from './members.ts'

export interface SopsRule {
  /** Where it is written, relative to the repository's root. */
  readonly file: string
  /** Sorted, each once; empty where there is a fault. */
  readonly recipients: readonly string[]
  /** The kinds of keys besides age's: "pgp", "kms". */
  readonly otherKeys: readonly string[]
  /** Why it says nothing about the file, as in "it …"; null where it does. */
  readonly fault: string | null
}

/** The rule for a file: that of the nearest .sops.yaml in its folder or above, up to the repository's root. Null where there is none. */
export async function sopsRuleFor(file: string, repoRoot: string): Promise<SopsRule | null> {
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    const path = join(folder, '.sops.yaml')
    const text = await readFile(path, 'utf8').catch(() => null)
    if (text !== null) {
      const slashed = (from: string, to: string) => relative(from, to).split(sep).join('/')
      return { file: slashed(repoRoot, path), ...ruleIn(text, slashed(folder, file)) }
    }
    if (folder === repoRoot || folder === dirname(folder)) return null
  }
}

/** `path`: the encrypted file's, relative to the folder that the rules are in. */
export function ruleIn(text: string, path: string): Omit<SopsRule, 'file'> {
  const faulty = (fault: string) => ({ recipients: [], otherKeys: [], fault })
  const { faults, inOrder } = readYaml(text)
  const root = inOrder()
  if (faults.length > 0) return faulty(`is no YAML that can be read: ${faults[0]!.message}`)
  const rules = isMap(root) ? listOf(root.get('creation_rules')).filter(isMap) : []
  let rule: Members | undefined
  try {
    rule = rules.find((one) => isFor(one, path))
  } catch {
    return faulty('has an expression of Go\'s in "path_regex" that is none of JavaScript\'s')
  }
  if (rule === undefined) return faulty(`has no rule in "creation_rules" whose "path_regex" fits ${path}`)
  const groups = [rule, ...listOf(rule.get('key_groups')).filter(isMap)]
  const recipients = groups.flatMap((group) => keysOf(group.get('age')))
  const others = [...keySources, 'azure_keyvault', 'hc_vault_transit_uri', 'hc_vault']
  const otherKeys = others.filter((source) => groups.some((group) => keysOf(group.get(source)).length > 0))
  return { recipients: [...new Set(recipients)].toSorted(), otherKeys: [...new Set(otherKeys)], fault: null }
}

function isFor(rule: Members, path: string): boolean {
  const expression = rule.get('path_regex')
  return typeof expression !== 'string' || expression === '' || new RegExp(expression, 'u').test(path)
}

/** A list, or a text with commas. */
function keysOf(value: unknown): readonly string[] {
  if (typeof value !== 'string') return listOf(value).map((key) => (typeof key === 'string' ? key : 'unknown'))
  return value
    .split(',')
    .map((key) => key.trim())
    .filter((key) => key !== '')
}
