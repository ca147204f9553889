/** Set when `kwasm` is bundled: the page, put together beforehand. */
declare const KWASM_DASHBOARD_PAGE: string | undefined;

/** From source it is put together now, which takes a moment and needs esbuild, a development package. */
export async function pageText(): Promise<string> {
  if (typeof KWASM_DASHBOARD_PAGE === 'string') {
    return KWASM_DASHBOARD_PAGE;
  } else {
    const { assemblePage } = await import('./page/assemble.ts');
    return await assemblePage();
  }
}
