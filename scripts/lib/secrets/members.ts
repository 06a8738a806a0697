/** Values of a YAML file whose maps kept their order. */

export type Members = ReadonlyMap<unknown, unknown>

/** What SOPS calls the kinds of keys besides age's, in a file and in .sops.yaml. */
export const keySources = ['pgp', 'kms', 'gcp_kms', 'hckms', 'azure_kv', 'hc_vault']

export function isMap(value: unknown): value is Members {
  return value instanceof Map
}

/** Empty for what is no list. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}
