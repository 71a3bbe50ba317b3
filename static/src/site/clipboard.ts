/** Buttons with `data-copy="<text>"` put that text on the clipboard and say so in their label for a moment. */

const saidFor = 1600;

export async function copyText(target: Element): Promise<void> {
  const button = target.closest<HTMLElement>("[data-copy]");
  if (!button) return;
  const before = button.textContent;
  button.textContent = (await put(button.dataset["copy"] ?? "")) ? "Copied" : "Press Ctrl+C";
  setTimeout(() => (button.textContent = before), saidFor);
}

async function put(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false; // refused by the browser (no permission, or not a secure page)
  }
}
