/* Building and printing the tree, and what the parser says about what it cannot read. */
#include "ast/lexer.h"

#include <string.h>

const char *const ast_op_spelling[N_AST_OPS] = {"+", "-", "*", "/", "//", "%", "@", "<", "<=", ">", ">=", "==", "!="};

static const char *const kind_spelling[N_NODE_KINDS] = {
#define KIND(name, text) text,
    NODE_KINDS(KIND)
#undef KIND
};

Node *node_new(Base *base, NodeKind kind, Span span, Span at)
{
    Node *node = NEW(base->arena, Node);
    node->kind = kind;
    node->span = span;
    node->at = at;
    return node;
}

Node *node_name(Base *base, NodeKind kind, Span span, Symbol name)
{
    Node *node = node_new(base, kind, span, span);
    node->name = name;
    return node;
}

void node_add(Base *base, Node *node, Node *kid)
{
    if (node->n == node->room) node->kid = vec_grow(base->arena, node->kid, &node->room, sizeof *node->kid);
    if (kid && kid->depth >= AST_MAX_DEPTH) {
        diag_error(base->diag, kid->span, "nested more than %d deep", AST_MAX_DEPTH);
        kid = node_new(base, NODE_ERROR, kid->span, kid->at);
    }
    node->kid[node->n++] = kid;
    if (kid && kid->depth >= node->depth) node->depth = (uint16_t)(kid->depth + 1);
}

Node *node_chain(Base *base, NodeKind kind, Node *left, AstOp op, Span at, Node *right)
{
    Node *node = left;
    if (left->kind != kind) {
        node = node_new(base, kind, left->span, at);
        node_add(base, node, left);
    }
    if (node->n == AST_MAX_CHAIN) diag_error(base->diag, at, "more than %d operands in one expression", AST_MAX_CHAIN);
    if (node->n > AST_MAX_CHAIN) return node;
    uint32_t room = node->room;
    node_add(base, node, right);
    if (!node->op || room != node->room) {
        uint8_t *grown = NEW_ARRAY(base->arena, uint8_t, node->room);
        if (node->op) memcpy(grown, node->op, node->n - 2);
        node->op = grown;
    }
    node->op[node->n - 2] = (uint8_t)op;
    node->span = span_join(node->span, right->span);
    return node;
}

/* ---- what the parser says ------------------------------------------------------------------------ */
/* Binary operators, and what may not follow one. */
static bool is_operator(int kind)
{
    static const int kinds[] = {'+', '-', '*', '/', '%', '@', '^', '<', '>', '=', TOKEN_FLOORDIV, TOKEN_LE, TOKEN_GE, TOKEN_EQ, TOKEN_NE, TOKEN_AND, TOKEN_OR};
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        if (kinds[k] == kind) return true;
    return false;
}
static bool ends(const Token *token) { return !token || token->kind == TOKEN_EOL || token->kind == ')' || token->kind == ']' || token->kind == '}' || token->kind == ','; }

static bool is_operand(int kind) { return kind == TOKEN_NAME || kind == TOKEN_NUMBER || kind == ')' || kind == ']' || kind == '\''; }

static const char *describe(Parser *parser, const Token *token)
{
    size_t n;
    const char *text = diag_source_text(parser->base->diag, parser->source, &n);
    if (!token) return "end of file";
    if (token->kind == TOKEN_EOL) return text[token->span.begin] == ';' ? "';'" : "end of line";
    uint32_t length = token->span.end - token->span.begin;
    return arena_printf(parser->base->arena, "'%.*s'", length < 60 ? (int)length : 60, text + token->span.begin);
}

void parser_complain(Parser *parser, Span at, const char *expected)
{
    const Token *found = parser->next <= parser->tokens->n && parser->next && at.end > at.begin ? &parser->tokens->at[parser->next - 1] : NULL;
    const Token *before = found ? (parser->next >= 2 ? &parser->tokens->at[parser->next - 2] : NULL)
                                : parser->tokens->n ? &parser->tokens->at[parser->tokens->n - 1] : NULL;
    Diag *diag = parser->base->diag;
    if (before && before->kind == TOKEN_BAD) return;
    if (found && before && before->kind == ']' && (found->kind == TOKEN_NAME || found->kind == TOKEN_NUMBER)) {
        diag_error(diag, at, "%s cannot follow ']'", describe(parser, found));
        diag_note(diag, at, "the body of a sum or other reduction stands in parentheses: sum[i](…)");
    } else if (found && before && is_operand(before->kind) && (found->kind == TOKEN_NAME || found->kind == TOKEN_NUMBER))
        diag_error(diag, at, "%s cannot follow %s: an operator is missing between them", describe(parser, found), describe(parser, before));
    else if (found && found->kind == '*' && before && before->kind == '*' && found->tight) {
        diag_error(diag, at, "powers are written with '^'");
    } else if (before && before->kind >= TOKEN_IF && before->kind <= TOKEN_WHERE && found && found->kind == '=') {
        diag_error(diag, before->span, "%s is a reserved word", describe(parser, before));
    } else if (found && found->kind == '=') {
        if (before && found->tight && (before->kind == '+' || before->kind == '-' || before->kind == '*' || before->kind == '/'))
            diag_error(diag, span_join(before->span, at), "there is no '%c=': a name is defined once, by '='", before->kind);
        else diag_error(diag, at, "'=' cannot stand here; '==' compares");
    } else if (found && found->kind == ':' && parser->next < parser->tokens->n && parser->tokens->at[parser->next].kind == '=') {
        diag_error(diag, at, "unexpected ':='; an equation is written with '='");
    } else if (found && found->kind == TOKEN_IF && before && is_operand(before->kind)) {
        diag_error(diag, at, "unexpected 'if'");
        diag_note(diag, at, "a choice is written: if condition then this else that");
    } else if (before && is_operator(before->kind) && (ends(found) || is_operator(found->kind))) {
        diag_error(diag, before->span, "an operand is missing after %s", describe(parser, before));
    } else {
        diag_error(diag, at, "unexpected %s%s", describe(parser, found), expected);
        if (strstr(expected, "'='") && strstr(expected, "'~'")) diag_note(diag, at, "what it begins with follows: a value, '= 0', or a distribution, '~ normal(0, 1)'");
    }
}

Ast *ast_parse(Base *base, uint16_t source)
{
    Tokens raw = {0}, tokens = {0};
    Parser parser = {.base = base, .tokens = &tokens, .source = source};
    if (lex_source(base, source, &raw)) {
        layout_tokens(base, source, &raw, &tokens);
        bp_yparse(&parser);
    }
    Ast *ast = NEW(base->arena, Ast);
    Span nowhere = {0, 0, source};
    ast->file = source;
    ast->block = parser.result ? parser.result : node_new(base, NODE_BLOCK, nowhere, nowhere);
    return ast;
}

/* ---- --emit ast ------------------------------------------------------------------------------------ */
static void print_tree(Text *text, const Node *node, int depth, const char *label)
{
    text_add(text, "%*s%s%s", 2 * depth, "", label, kind_spelling[node->kind]);
    if (node->name) text_add(text, " %s", node->name);
    if (node->kind == NODE_NUMBER) text_add(text, " %.17g", node->number);
    for (uint32_t k = 0; node->op && k + 1 < node->n; k++) text_add(text, " %s", ast_op_spelling[node->op[k]]);
    text_add(text, "\n");
    static const char *const slots[N_DECL_KIDS] = {"shape: ", "value: ", "distribution: ", "range: ", "like: "};
    for (uint32_t k = 0; k < node->n; k++)
        if (node->kid[k]) print_tree(text, node->kid[k], depth + 1, node->kind == NODE_DECL ? slots[k] : "");
    if (node->where) print_tree(text, node->where, depth + 1, "where: ");
    if (node->fill) print_tree(text, node->fill, depth + 1, "fill: ");
}

void ast_print(Text *text, const Ast *ast) { print_tree(text, ast->block, 0, ""); }
