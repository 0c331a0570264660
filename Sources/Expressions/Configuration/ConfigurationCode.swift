internal import Events
internal import Words

/// Evaluates `#{…}` of a configuration: the expressions of filters without an event, and with files.
///
/// What is evaluated is evaluated once, while the configuration is read, and within the limits that events have.
package final class ConfigurationCode {
    /// Bytes of code behind one `#{`; what is longer lacks its brace.
    package static let maximumCodeBytes = 16_384
    /// A secret, a certificate at most.
    static let maximumFileBytes = 65_536

    package enum Value {
        /// Of Ruby's nil, no bytes.
        case text([UInt8], isNil: Bool)
        /// `use_nil`: no value at all.
        case noValue
        /// `use_default`: as if nothing stood there.
        case defaultValue
    }

    package enum Fault: Error {
        /// It cannot be read; the place is one of the bytes handed in.
        case syntax(ExpressionError)
        /// It needs an environment variable that is not set.
        case unset(CodeTrace.Unset)
        case raised(sentence: String, place: Range<Int>)
    }

    package struct Answer {
        package let value: Result<Value, Fault>
        /// Behind the brace that ends the code; nil: it was not found.
        package let end: Int?
        package let trace: CodeTrace
    }

    private var evaluator: ExpressionEvaluator
    private var storage = ByteBuffer(capacity: 256)

    package init(_ context: ExpressionContext) { evaluator = ExpressionEvaluator(context) }

    /// Evaluates the code that begins at `start`, behind its `#{`.
    package func evaluate(_ bytes: [UInt8], from start: Int) -> Answer {
        let expression: Expression
        let end: Int
        do throws(ExpressionError) {
            var parser = ProgramParser(
                bytes, position: start, end: start + Self.maximumCodeBytes, scope: .configuration)
            let root = try parser.code()
            end = parser.position
            expression = Expression(source: "", root: root, parser.builder)
        } catch {
            return Answer(value: .failure(.syntax(error)), end: nil, trace: CodeTrace())
        }
        evaluator.trace = CodeTrace()
        let value: Result<Value, Fault>
        do throws(ExpressionFailure) {
            let text = try evaluator.configurationText(of: expression, &storage)
            value = .success(.text(text ?? [], isNil: text == nil))
        } catch .noValue {
            value = .success(.noValue)
        } catch .defaultValue {
            value = .success(.defaultValue)
        } catch {
            value = .failure(fault(error, expression))
        }
        return Answer(value: value, end: end, trace: evaluator.trace ?? CodeTrace())
    }

    /// What Ruby raises on nil has its cause in the variable that gave it.
    private func fault(_ failure: ExpressionFailure, _ expression: Expression) -> Fault {
        let isOfNil = failure.kind == "KeyError" || failure.message.holds("nil")
        if isOfNil, let unset = evaluator.trace?.unset.last { return .unset(unset) }
        return .raised(sentence: failure.message, place: expression.places[Int(evaluator.current)].range)
    }
}
