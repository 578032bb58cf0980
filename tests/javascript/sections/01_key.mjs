import { GoogleGenAI } from "@google/genai";

const ai = new GoogleGenAI({ apiKey: "YOUR_API_KEY" });

try {
  await ai.interactions.create({ model: "gemini-3.5-flash", input: "Is this key any good?" });
} catch (error) {
  console.log(error.status, error.message);
}
