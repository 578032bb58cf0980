export GEMINI_API_KEY="YOUR_API_KEY"

curl -s -X POST "$GOOGLE_GEMINI_BASE_URL/v1beta/interactions" \
  -H "x-goog-api-key: $GEMINI_API_KEY" \
  -H 'Content-Type: application/json' \
  -d '{
    "model": "gemini-3.5-flash",
    "input": "Is this key any good?"
  }'
