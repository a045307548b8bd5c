//! Lua 5.1 as Argo CD gives it to a health script without `useOpenLibs`: base and `table`, nothing else.

use mlua::{IntoLua as _, Lua, LuaOptions, StdLib, Table};
use serde_json::Value;

use super::folder::{of_kind, read};

/// What base has and a script has no use for.
const WITHHELD: [&str; 7] = [
    "collectgarbage",
    "dofile",
    "load",
    "loadfile",
    "loadstring",
    "module",
    "require",
];

/// What Argo CD shows of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Health {
    pub(super) status: String,
    pub(super) message: String,
}

impl Health {
    /// By the script of the object's kind.
    pub(super) fn of(object: &Value) -> Self {
        let kind = object["kind"].as_str().expect("an object has a kind");
        Self::by(&read(&of_kind(kind).join("health.lua")), object)
    }

    /// By this script.
    pub(super) fn by(script: &str, object: &Value) -> Self {
        let lua = Lua::new_with(StdLib::TABLE, LuaOptions::new()).expect("a Lua");
        for name in WITHHELD {
            lua.globals().set(name, mlua::Nil).expect("a global");
        }
        lua.globals().set("obj", to_lua(&lua, object)).expect("a global");
        let said: Table = lua
            .load(script)
            .eval()
            .unwrap_or_else(|error| panic!("{error}\n{object:#}"));
        let text = |key: &str| said.get::<String>(key).expect("a text");
        let (status, message) = (text("status"), text("message"));
        let known = ["Healthy", "Progressing", "Degraded"];
        assert!(known.contains(&status.as_str()), "{status}");
        Self { status, message }
    }
}

/// As Argo CD hands over an object: a number is a number, and what is null is not there.
fn to_lua(lua: &Lua, value: &Value) -> mlua::Value {
    let converted = match value {
        Value::Null => return mlua::Nil,
        Value::Bool(truth) => (*truth).into_lua(lua),
        Value::Number(number) => number.as_f64().into_lua(lua),
        Value::String(text) => text.as_str().into_lua(lua),
        Value::Array(items) => lua
            .create_sequence_from(items.iter().map(|item| to_lua(lua, item)))
            .map(mlua::Value::Table),
        Value::Object(fields) => lua
            .create_table_from(
                fields
                    .iter()
                    .map(|(name, field)| (name.as_str(), to_lua(lua, field))),
            )
            .map(mlua::Value::Table),
    };
    converted.expect("a value of Lua")
}

#[test]
fn a_script_has_no_more_than_argo_cd_gives() {
    let script = r#"
        local found = {}
        for _, name in ipairs({"io", "os", "string", "math", "debug", "package", "require", "loadstring"}) do
          if _G[name] ~= nil then table.insert(found, name) end
        end
        return {status = "Healthy", message = table.concat(found, " ") .. type(obj.none) .. " " .. obj.number}
    "#;
    let object = serde_json::json!({"none": null, "number": 12});
    assert_eq!(Health::by(script, &object).message, "nil 12");
}

#[test]
#[should_panic(expected = "attempt to")]
fn a_script_that_needs_more_fails() {
    Health::by(
        "return {status = 'Healthy', message = string.format('x')}",
        &Value::Null,
    );
}
