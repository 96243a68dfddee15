/* The grammar of model files, section 7 of the language's contract, LALR(1) without conflicts. Actions only
 * build Ast nodes; what they mean is decided in src/check. The left side of an equation is any expression here. */
%define api.pure full
%define api.prefix {bp_y}
%define api.token.prefix {TOKEN_}
%define api.location.type {Span}
%define parse.error custom
%define parse.lac full
%define lr.default-reduction consistent
%locations
%expect 0
%param {Parser *parser}

%code requires {
#include "ast/tokens.h"
}
%code provides {
int bp_yparse(Parser *parser);
}
%code {
#define YYMAXDEPTH 20000
#define YYLLOC_DEFAULT(Current, Rhs, N)                                                        \
    ((Current) = (N) ? span_join(YYRHSLOC(Rhs, 1), YYRHSLOC(Rhs, N))                            \
                     : (Span){YYRHSLOC(Rhs, 0).end, YYRHSLOC(Rhs, 0).end, YYRHSLOC(Rhs, 0).file})

static int bp_ylex(BP_YSTYPE *value, Span *where, Parser *parser);
static void bp_yerror(Span *where, Parser *parser, const char *text);

#define B (parser->base)
static Node *node1(Parser *p, NodeKind kind, Span span, Span at, Node *a)
{
    Node *node = node_new(p->base, kind, span, at);
    node_add(p->base, node, a);
    return node;
}
static Node *node2(Parser *p, NodeKind kind, Span span, Span at, Node *a, Node *b)
{
    Node *node = node1(p, kind, span, at, a);
    node_add(p->base, node, b);
    return node;
}
static Node *named(Parser *p, NodeKind kind, Span span, Span at, Symbol name, Node *a)
{
    Node *node = node1(p, kind, span, at, a);
    node->name = name;
    return node;
}
static Node *decl(Parser *p, Span span, Span at, Symbol name, Node *shape, DeclKid slot, Node *what)
{
    Node *node = node_new(p->base, NODE_DECL, span, at);
    node->name = name;
    for (uint32_t k = 0; k < N_DECL_KIDS; k++)
        node_add(p->base, node, k == DECL_SHAPE ? shape : k == (uint32_t)slot ? what : NULL);
    return node;
}
static Node *append(Parser *p, Node *list, Node *kid, Span span)
{
    node_add(p->base, list, kid);
    list->span = span;
    return list;
}
/* Takes the children of a list over into a node of another kind. */
static Node *retag(Node *list, NodeKind kind, Span span, Span at)
{
    list->kind = kind;
    list->span = span;
    list->at = at;
    return list;
}
static Node *definition(Parser *p, NodeKind kind, Span span, Span at, Symbol name, Node *formals, Node *body)
{
    Node *node = retag(formals, kind, span, at);
    node->name = name;
    node->n_formals = node->n;
    node_add(p->base, node, body);
    return node;
}
static Node *error_node(Parser *p, Span span) { return node_new(p->base, NODE_ERROR, span, span); }
}

%union {
    Symbol name;
    Node *node;
    struct { double value; bool whole; } number;
}

%token EOL BAD
%token IF "if" THEN "then" ELSE "else" AND "and" OR "or" NOT "not" IN "in" WHERE "where"
%token FLOORDIV "//" LE "<=" GE ">=" EQ "==" NE "!=" DOTS ".."
%token REAL "real" DIM "dim" CONST "const" IMPORT "import" INPUT "input" PARAM "param" STATE "state" RANDOM "random"
%token OUTPUT "output" LOSS "loss" METRIC "metric" UPDATE "update" USE "use" DEF "def" LAYER "layer"
%token DERIVATIVE "derivative" TRAIN "train" LIKE "like"
%token <name> NAME "name"
%token <number> NUMBER "number"

/* In an empty statement an error is shifted: what follows belongs to it. */
%precedence EMPTY
%precedence error

%type <node> stmts stmt decl dims dim consts const names inputs input inits init randoms random uses use
%type <node> formals formal_list formal shape range rules rule settings setting setting_or_nothing
%type <node> equation call expr or and not cmp sum term unary power postfix atom items item args arg_list arg exprs

%%
file: stmts                             { parser->result = $1; }
    ;
stmts: stmt                             { $$ = node_new(B, NODE_BLOCK, @$, @$); if ($1) node_add(B, $$, $1); }
    | error                             { $$ = node1(parser, NODE_BLOCK, @$, @$, error_node(parser, @1)); }
    | stmts eol stmt                    { $$ = $1; if ($3) { node_add(B, $$, $3); $$->span = @$; } }
    | stmts error                       { $$ = $1; } /* to the end of the statement */
    ;
eol: EOL                                { yyerrok; } /* the next mistake counts again */
    ;
stmt: %empty %prec EMPTY                { $$ = NULL; }
    | decl
    | equation
    ;
decl: "real" NAME                       { $$ = node_name(B, NODE_REAL, @$, $2); $$->at = @2; }
    | "dim" dims                        { $$ = retag($2, NODE_DIM, @$, @1); }
    | "const" consts                    { $$ = retag($2, NODE_CONST, @$, @1); }
    | "import" names                    { $$ = retag($2, NODE_IMPORT, @$, @1); }
    | "input" inputs                    { $$ = retag($2, NODE_INPUT, @$, @1); }
    | "param" inits                     { $$ = retag($2, NODE_PARAM, @$, @1); }
    | "state" inits                     { $$ = retag($2, NODE_STATE, @$, @1); }
    | "random" randoms                  { $$ = retag($2, NODE_RANDOM, @$, @1); }
    | "output" equation                 { $$ = node1(parser, NODE_OUTPUT, @$, @1, $2); }
    | "output" NAME ',' names           { $$ = node1(parser, NODE_OUTPUT, @$, @1, node_name(B, NODE_NAME, @2, $2));
                                          for (uint32_t k = 0; k < $4->n; k++) node_add(B, $$, $4->kid[k]); }
    | "loss" equation                   { $$ = node1(parser, NODE_LOSS, @$, @1, $2); }
    | "metric" equation                 { $$ = node1(parser, NODE_METRIC, @$, @1, $2); }
    | "update" equation                 { $$ = node1(parser, NODE_UPDATE, @$, @1, $2); }
    | "use" uses                        { $$ = retag($2, NODE_USE, @$, @1); }
    | "def" NAME '(' formals ')' '=' expr             { $$ = definition(parser, NODE_DEF, @$, @2, $2, $4, $7); }
    | "def" NAME '(' formals ')' '{' stmts '}'        { $$ = definition(parser, NODE_DEF, @$, @2, $2, $4, $7); }
    | "layer" NAME '(' formals ')' '{' stmts '}'      { $$ = definition(parser, NODE_LAYER, @$, @2, $2, $4, $7); }
    | "derivative" NAME '(' names ')' ':' rules       { $$ = retag($4, NODE_DERIVATIVE, @$, @2); $$->name = $2; $$->n_formals = $$->n;
                                                        for (uint32_t k = 0; k < $7->n; k++) node_add(B, $$, $7->kid[k]); }
    | "train" '{' settings '}'          { $$ = retag($3, NODE_TRAIN, @$, @1); }
    ;

dims: dim                               { $$ = node1(parser, NODE_DIM, @$, @$, $1); }
    | dims ',' dim                      { $$ = append(parser, $1, $3, @$); }
    ;
dim : NAME                              { $$ = decl(parser, @$, @1, $1, NULL, DECL_VALUE, NULL); }
    | NAME '=' expr                     { $$ = decl(parser, @$, @1, $1, NULL, DECL_VALUE, $3); }
    ;
consts: const                           { $$ = node1(parser, NODE_CONST, @$, @$, $1); }
    | consts ',' const                  { $$ = append(parser, $1, $3, @$); }
    ;
const: NAME '=' expr                    { $$ = decl(parser, @$, @1, $1, NULL, DECL_VALUE, $3); }
    | NAME shape '=' expr               { $$ = decl(parser, @$, @1, $1, $2, DECL_VALUE, $4); }
    ;
names: NAME                             { $$ = node1(parser, NODE_IMPORT, @$, @$, node_name(B, NODE_NAME, @1, $1)); }
    | names ',' NAME                    { $$ = append(parser, $1, node_name(B, NODE_NAME, @3, $3), @$); }
    ;
inputs: input                           { $$ = node1(parser, NODE_INPUT, @$, @$, $1); }
    | inputs ',' input                  { $$ = append(parser, $1, $3, @$); }
    ;
input: NAME                             { $$ = decl(parser, @$, @1, $1, NULL, DECL_RANGE, NULL); }
    | NAME shape                        { $$ = decl(parser, @$, @1, $1, $2, DECL_RANGE, NULL); }
    | NAME "in" range                   { $$ = decl(parser, @$, @1, $1, NULL, DECL_RANGE, $3); }
    | NAME shape "in" range             { $$ = decl(parser, @$, @1, $1, $2, DECL_RANGE, $4); }
    ;
inits: init                             { $$ = node1(parser, NODE_PARAM, @$, @$, $1); }
    | inits ',' init                    { $$ = append(parser, $1, $3, @$); }
    ;
init: NAME '=' expr                     { $$ = decl(parser, @$, @1, $1, NULL, DECL_VALUE, $3); }
    | NAME shape '=' expr               { $$ = decl(parser, @$, @1, $1, $2, DECL_VALUE, $4); }
    | NAME '~' call                     { $$ = decl(parser, @$, @1, $1, NULL, DECL_DISTRIBUTION, $3); }
    | NAME shape '~' call               { $$ = decl(parser, @$, @1, $1, $2, DECL_DISTRIBUTION, $4); }
    ;
randoms: random                         { $$ = node1(parser, NODE_RANDOM, @$, @$, $1); }
    | randoms ',' random                { $$ = append(parser, $1, $3, @$); }
    ;
random: NAME '~' call                   { $$ = decl(parser, @$, @1, $1, NULL, DECL_DISTRIBUTION, $3); }
    | NAME shape '~' call               { $$ = decl(parser, @$, @1, $1, $2, DECL_DISTRIBUTION, $4); }
    | NAME "like" expr '~' call         { $$ = decl(parser, @$, @1, $1, NULL, DECL_DISTRIBUTION, $5); $$->kid[DECL_LIKE] = $3; }
    ;
uses: use                               { $$ = node1(parser, NODE_USE, @$, @$, $1); }
    | uses ',' use                      { $$ = append(parser, $1, $3, @$); }
    ;
use : NAME '=' postfix                  { $$ = decl(parser, @$, @1, $1, NULL, DECL_VALUE, $3); }
    | NAME shape '=' postfix            { $$ = decl(parser, @$, @1, $1, $2, DECL_VALUE, $4); }
    ;
formals: %empty                         { $$ = node_new(B, NODE_DEF, @$, @$); }
    | formal_list
    ;
formal_list: formal                     { $$ = node1(parser, NODE_DEF, @$, @$, $1); }
    | formal_list ',' formal            { $$ = append(parser, $1, $3, @$); }
    ;
formal: NAME                            { $$ = named(parser, NODE_FORMAL, @$, @1, $1, NULL); node_add(B, $$, NULL); }
    | NAME '=' expr                     { $$ = named(parser, NODE_FORMAL, @$, @1, $1, $3); node_add(B, $$, NULL); }
    | NAME ':' shape                    { $$ = named(parser, NODE_FORMAL, @$, @1, $1, NULL); node_add(B, $$, $3); }
    ;
shape: '[' exprs ']'                    { $$ = retag($2, NODE_SHAPE, @$, @1); }
    | '[' error ']'                     { $$ = node1(parser, NODE_SHAPE, @$, @1, error_node(parser, @2)); }
    ;
rules: rule                             { $$ = node1(parser, NODE_DERIVATIVE, @$, @$, $1); }
    | rules ',' rule                    { $$ = append(parser, $1, $3, @$); }
    ;
rule: NAME '=' expr                     { $$ = named(parser, NODE_ARGUMENT, @$, @1, $1, $3); }
    ;
settings: setting_or_nothing            { $$ = node_new(B, NODE_TRAIN, @$, @$); if ($1) node_add(B, $$, $1); }
    | error                             { $$ = node_new(B, NODE_TRAIN, @$, @$); }
    | settings eol setting_or_nothing   { $$ = $1; if ($3) node_add(B, $$, $3); }
    | settings error                    { $$ = $1; }
    ;
setting_or_nothing: %empty %prec EMPTY  { $$ = NULL; }
    | setting
    ;
setting: NAME NUMBER                    { Node *n = node_new(B, NODE_NUMBER, @2, @2); n->number = $2.value; n->whole = $2.whole;
                                          $$ = named(parser, NODE_SETTING, @$, @1, $1, n); }
    | NAME '-' NUMBER                   { Node *n = node_new(B, NODE_NUMBER, @3, @3); n->number = -$3.value; n->whole = $3.whole;
                                          $$ = named(parser, NODE_SETTING, @$, @1, $1, n); }
    | NAME call                         { $$ = named(parser, NODE_SETTING, @$, @1, $1, $2); }
    | NAME NAME '=' NUMBER              { Node *n = node_new(B, NODE_NUMBER, @4, @4); n->number = $4.value; n->whole = $4.whole;
                                          $$ = named(parser, NODE_SETTING, @$, @1, $1, named(parser, NODE_ARGUMENT, span_join(@2, @4), @2, $2, n)); }
    ;

equation: expr                          { $$ = node1(parser, NODE_VALUE, @$, @1, $1); }
    | expr '=' expr                     { $$ = node2(parser, NODE_EQUATION, @$, @2, $1, $3); }
    | postfix '{' stmts '}'             { $$ = node2(parser, NODE_METHOD, @$, @1, $1, $3); }
    ;
call: NAME                              { $$ = node1(parser, NODE_CALL, @$, @1, node_name(B, NODE_NAME, @1, $1)); }
    | NAME '(' args ')'                 { $$ = retag($3, NODE_CALL, @$, @1); $$->kid[0] = node_name(B, NODE_NAME, @1, $1); }
    ;
range: sum ".." sum                     { $$ = node2(parser, NODE_RANGE, @$, @2, $1, $3); }
    ;
exprs: expr                             { $$ = node1(parser, NODE_STACK, @$, @$, $1); }
    | exprs ',' expr                    { $$ = append(parser, $1, $3, @$); }
    ;

expr: "if" expr "then" expr "else" expr { $$ = node2(parser, NODE_IF, @$, @1, $2, $4); node_add(B, $$, $6); }
    | or
    ;
or  : and
    | or "or" and                       { $$ = node_chain(B, NODE_OR, $1, 0, @2, $3); }
    ;
and : not
    | and "and" not                     { $$ = node_chain(B, NODE_AND, $1, 0, @2, $3); }
    ;
not : "not" not                         { $$ = node1(parser, NODE_NOT, @$, @1, $2); }
    | cmp
    ;
cmp : sum
    | cmp '<' sum                       { $$ = node_chain(B, NODE_COMPARE, $1, AST_LT, @2, $3); }
    | cmp "<=" sum                      { $$ = node_chain(B, NODE_COMPARE, $1, AST_LE, @2, $3); }
    | cmp '>' sum                       { $$ = node_chain(B, NODE_COMPARE, $1, AST_GT, @2, $3); }
    | cmp ">=" sum                      { $$ = node_chain(B, NODE_COMPARE, $1, AST_GE, @2, $3); }
    | cmp "==" sum                      { $$ = node_chain(B, NODE_COMPARE, $1, AST_EQ, @2, $3); }
    | cmp "!=" sum                      { $$ = node_chain(B, NODE_COMPARE, $1, AST_NE, @2, $3); }
    ;
sum : term
    | sum '+' term                      { $$ = node_chain(B, NODE_SUM, $1, AST_ADD, @2, $3); }
    | sum '-' term                      { $$ = node_chain(B, NODE_SUM, $1, AST_SUB, @2, $3); }
    ;
term: unary
    | term '*' unary                    { $$ = node_chain(B, NODE_TERM, $1, AST_MUL, @2, $3); }
    | term '/' unary                    { $$ = node_chain(B, NODE_TERM, $1, AST_DIV, @2, $3); }
    | term "//" unary                   { $$ = node_chain(B, NODE_TERM, $1, AST_FLOORDIV, @2, $3); }
    | term '%' unary                    { $$ = node_chain(B, NODE_TERM, $1, AST_MOD, @2, $3); }
    | term '@' unary                    { $$ = node_chain(B, NODE_TERM, $1, AST_MATMUL, @2, $3); }
    ;
unary: '-' unary                        { $$ = node1(parser, NODE_NEGATE, @$, @1, $2); }
    | '+' unary                         { $$ = node1(parser, NODE_PLUS, @$, @1, $2); }
    | power
    ;
power: postfix
    | postfix '^' unary                 { $$ = node2(parser, NODE_POWER, @$, @2, $1, $3); }
    ;
postfix: atom
    | postfix '[' items ']'             { $$ = retag($3, NODE_SUBSCRIPT, @$, @1); $$->kid[0] = $1; }
    | postfix '[' items "where" expr ']'
                                        { $$ = retag($3, NODE_SUBSCRIPT, @$, @1); $$->kid[0] = $1; $$->where = $5; }
    | postfix '[' items '|' expr ']'    { $$ = retag($3, NODE_SUBSCRIPT, @$, @1); $$->kid[0] = $1; $$->fill = $5; }
    | postfix '[' items "where" expr '|' expr ']'
                                        { $$ = retag($3, NODE_SUBSCRIPT, @$, @1); $$->kid[0] = $1; $$->where = $5; $$->fill = $7; }
    | postfix '[' error ']'             { $$ = error_node(parser, @$); }
    | postfix '(' args ')'              { $$ = retag($3, NODE_CALL, @$, @1); $$->kid[0] = $1; }
    | postfix '(' error ')'             { $$ = error_node(parser, @$); }
    | postfix '\''                      { $$ = node1(parser, NODE_TRANSPOSE, @$, @2, $1); }
    | postfix '.' NAME                  { $$ = named(parser, NODE_FIELD, @$, @3, $3, $1); }
    ;
items: item                             { $$ = node1(parser, NODE_SUBSCRIPT, @$, @$, NULL); node_add(B, $$, $1); }
    | items ',' item                    { $$ = append(parser, $1, $3, @$); }
    ;
item: expr                              { $$ = node2(parser, NODE_ITEM, @$, @1, $1, NULL); }
    | expr "in" range                   { $$ = node2(parser, NODE_ITEM, @$, @1, $1, $3); }
    | ':'                               { $$ = node2(parser, NODE_SLICE, @$, @1, NULL, NULL); }
    | sum ".." sum                      { $$ = node2(parser, NODE_SLICE, @$, @2, $1, $3); }
    | sum ".."                          { $$ = node2(parser, NODE_SLICE, @$, @2, $1, NULL); }
    | ".." sum                          { $$ = node2(parser, NODE_SLICE, @$, @1, NULL, $2); }
    ;
args: %empty                            { $$ = node1(parser, NODE_CALL, @$, @$, NULL); }
    | arg_list
    ;
arg_list: arg                           { $$ = node1(parser, NODE_CALL, @$, @$, NULL); node_add(B, $$, $1); }
    | arg_list ',' arg                  { $$ = append(parser, $1, $3, @$); }
    ;
arg : expr
    | NAME '=' expr                     { $$ = named(parser, NODE_ARGUMENT, @$, @1, $1, $3); }
    ;
atom: NAME                              { $$ = node_name(B, NODE_NAME, @$, $1); }
    | NUMBER                            { $$ = node_new(B, NODE_NUMBER, @$, @$); $$->number = $1.value; $$->whole = $1.whole; }
    | '(' expr ')'                      { $$ = node1(parser, NODE_PAREN, @$, @1, $2); }
    | '(' error ')'                     { $$ = error_node(parser, @$); }
    | '[' exprs ']'                     { $$ = retag($2, NODE_STACK, @$, @1); }
    | '[' error ']'                     { $$ = error_node(parser, @$); }
    ;
%%

static int bp_ylex(BP_YSTYPE *value, Span *where, Parser *parser)
{
    const Tokens *tokens = parser->tokens;
    if (parser->next >= tokens->n) {
        uint32_t end = tokens->n ? tokens->at[tokens->n - 1].span.end : 0;
        *where = (Span){end, end, parser->source};
        return 0;
    }
    const Token *token = &tokens->at[parser->next++];
    *where = token->span;
    if (token->kind == TOKEN_NAME) value->name = token->name;
    if (token->kind == TOKEN_NUMBER) value->number.value = token->number, value->number.whole = token->whole;
    return token->kind;
}

const char *token_spelling(int kind)
{
    /* yytranslate and yysymbol_name are the parser's own tables. */
    return kind == 0 ? "end of file" : kind == TOKEN_EOL ? "end of line" : yysymbol_name(YYTRANSLATE(kind));
}

/* What may follow, where few things may: ", expected ')' or ','". */
static void expected_text(const yypcontext_t *context, Text *text)
{
    yysymbol_kind_t expected[5];
    int n = yypcontext_expected_tokens(context, expected, 5);
    for (int k = 0; k < n && n <= 4; k++) {
        const char *name = expected[k] == YYSYMBOL_EOL ? "end of line" : yysymbol_name(expected[k]);
        const char *quote = name[0] == '\'' || expected[k] == YYSYMBOL_EOL || expected[k] == YYSYMBOL_NAME || expected[k] == YYSYMBOL_NUMBER || expected[k] == YYSYMBOL_YYEOF ? "" : "'";
        text_add(text, "%s%s%s%s", k == 0 ? ", expected " : k + 1 == n ? " or " : ", ", quote, name[0] == '"' ? name + 1 : name, quote);
    }
}

static int yyreport_syntax_error(const yypcontext_t *context, Parser *parser)
{
    yysymbol_kind_t found = yypcontext_token(context);
    if (found == YYSYMBOL_BAD || found == YYSYMBOL_YYEMPTY) return 0; /* said already */
    Text expected = {NULL, 0, 0};
    expected_text(context, &expected);
    parser_complain(parser, *yypcontext_location(context), expected.n ? expected.at : "");
    text_free(&expected);
    return 0;
}

static void bp_yerror(Span *where, Parser *parser, const char *text)
{
    (void)text; /* the parser's stack is full */
    diag_error(parser->base->diag, *where, "nested too deeply");
}
