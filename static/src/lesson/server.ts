/** The lesson's small calls: each answers with a value or with a sentence for the learner. */

export type Answer<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly message: string };

export async function post<T>(url: string, body: unknown, csrf: string): Promise<Answer<T>> {
  try {
    const response = await fetch(url, {
      method: "POST",
      credentials: "same-origin",
      headers: { "Accept": "application/json", "Content-Type": "application/json", "X-CSRFToken": csrf },
      body: JSON.stringify(body),
    });
    return read<T>(response.status, await response.json().catch(() => null));
  } catch {
    return { ok: false, message: "The server cannot be reached. Try again in a moment." };
  }
}

export async function get<T>(url: string): Promise<Answer<T>> {
  try {
    const response = await fetch(url, { credentials: "same-origin", headers: { "Accept": "application/json" } });
    return read<T>(response.status, await response.json().catch(() => null));
  } catch {
    return { ok: false, message: "The server cannot be reached. Try again in a moment." };
  }
}

function read<T>(status: number, body: unknown): Answer<T> {
  const answer = body as ({ ok?: boolean; error?: { message?: string } } & T) | null;
  if (answer?.ok) return { ok: true, value: answer };
  return { ok: false, message: answer?.error?.message ?? `The server answered ${status}. Try again.` };
}
