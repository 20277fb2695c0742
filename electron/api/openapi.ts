/** The OpenAPI description, generated from the schemas that check requests, so that both agree. */
import { z } from 'zod';
import { chatRequestSchema } from './requests.ts';

const error = {
  description: 'What was wrong, in the form of OpenAI.',
  content: {
    'application/json': {
      schema: {
        type: 'object',
        properties: {
          error: {
            type: 'object',
            properties: {
              message: { type: 'string' },
              type: { type: 'string' },
              param: { type: ['string', 'null'] },
              code: { type: ['string', 'null'] },
            },
            required: ['message', 'type', 'param', 'code'],
          },
        },
        required: ['error'],
      },
    },
  },
};

const json = (description: string, schema: object = { type: 'object' }) => ({
  description,
  content: { 'application/json': { schema } },
});
const responses = (ok: object) => ({ 200: ok, '4XX': error, '5XX': error });
const inQuery = (name: string, type: string) => ({ name, in: 'query', schema: { type } });
const fileId = { name: 'file_id', in: 'path', required: true, schema: { type: 'string' } };

export function openApiDocument() {
  const { $schema: _, ...chatRequest } = z.toJSONSchema(chatRequestSchema, { io: 'input', unrepresentable: 'any' });
  return {
    openapi: '3.1.0',
    info: {
      title: 'RocketDoc',
      version: '1',
      description: 'Questions about whole documents, for programs of this machine: a part of the API of OpenAI.',
    },
    security: [{ key: [] }],
    components: { securitySchemes: { key: { type: 'http', scheme: 'bearer' } } },
    paths: {
      '/v1/models': { get: { summary: 'The open model', responses: responses(json('A list of models.')) } },
      '/v1/chat/completions': {
        post: {
          summary: 'A question about the documents that its messages name',
          requestBody: { required: true, content: { 'application/json': { schema: chatRequest } } },
          responses: responses({
            ...json(
              'The answer; usage.prompt_tokens_details.cached_tokens were read before; rocketdoc has its evidence.',
            ),
          }),
        },
      },
      '/v1/files': {
        get: { summary: 'The documents of the library', responses: responses(json('A list of files.')) },
        post: {
          summary: 'Adds a document',
          requestBody: {
            required: true,
            content: {
              'multipart/form-data': {
                schema: {
                  type: 'object',
                  properties: {
                    file: { type: 'string', contentMediaType: 'application/octet-stream' },
                    purpose: { enum: ['user_data', 'assistants'] },
                  },
                  required: ['file', 'purpose'],
                },
              },
            },
          },
          responses: responses(json('The file; its id is a handle for messages.')),
        },
      },
      '/v1/rocketdoc/files/{file_id}/pages': {
        get: {
          summary: 'The text of pages, counted from 1',
          parameters: [fileId, inQuery('from', 'integer'), inQuery('to', 'integer')],
          responses: responses(json('Pages with their text.')),
        },
      },
      '/v1/rocketdoc/search': {
        get: {
          summary: 'Pages of all documents with these words',
          parameters: [inQuery('query', 'string')],
          responses: responses(json('Documents and their pages, the best first.')),
        },
      },
      '/v1/files/{file_id}': {
        get: { summary: 'One document', parameters: [fileId], responses: responses(json('The file.')) },
        delete: {
          summary: 'Removes a document that a program added',
          parameters: [fileId],
          responses: responses(json('That it is removed.')),
        },
      },
    },
  };
}
