/** A part as its renderer made it, and whose it is. */
import type { Part } from '../../../renderers/renderer.ts'

export type ServicePart = Part & { readonly service: string }
