import type { CatalogueData } from '../packages/core/src/pricing/catalogue.ts'

export function generateCatalogue(): CatalogueData
export function renderCatalogue(catalogue: CatalogueData): string
