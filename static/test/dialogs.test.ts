import assert from "node:assert/strict";
import { test } from "node:test";
import { splitQuestion } from "../src/site/dialogs";

const questions: [string, string, [string, string]][] = [
  ["the question is the title, and what follows the text", "Delete “web”? It is gone for good.", ["Delete “web”?", "It is gone for good."]],
  ["a name that asks something itself", "Reset “Why? Because”? It begins again.", ["Reset “Why? Because”?", "It begins again."]],
  ["a question about nothing named is all title", "Go on?", ["Go on?", ""]],
];
for (const [name, question, parts] of questions) test(name, () => assert.deepEqual(splitQuestion(question), parts));
