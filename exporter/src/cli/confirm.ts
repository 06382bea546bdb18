/** Asks the person at the terminal; where there is none, says so. */
import { createInterface } from 'node:readline/promises';

/** What was typed; undefined where nobody can be asked. */
export async function typedAnswer(question: string): Promise<string | undefined> {
  if (!process.stdin.isTTY) {
    console.error('There is nobody to ask; say --yes to do it.');
    return undefined;
  }
  const asking = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return (await asking.question(question)).trim();
  } finally {
    asking.close();
  }
}

export async function confirmedByYes(question: string): Promise<boolean> {
  return /^y(es)?$/i.test(await typedAnswer(question) ?? '');
}
