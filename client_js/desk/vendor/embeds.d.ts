export const SITES: { name: string; addresses: string[] }[];
